import { once } from "node:events";
import net from "node:net";

export async function record(kit) {
  const port = await kit.freePort();
  kit.start("redis-server", [
    "--port",
    String(port),
    "--save",
    "",
    "--appendonly",
    "no",
    "--bind",
    "127.0.0.1",
  ]);
  await kit.listening(port);
  const proxy = await kit.proxy(port);
  const Redis = kit.fromClients("ioredis");
  const open = async (more = {}) => {
    const client = new Redis({
      host: "127.0.0.1",
      port: proxy.port,
      enableReadyCheck: false,
      lazyConnect: true,
      ...more,
    });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const quiet = (promise) => promise.catch(() => undefined);

  const one = await open();
  await one.set("user:1", "secret value");
  await one.get("user:1");
  await one.get("user:2");
  await one.set("big", "b".repeat(5000));
  await one.get("big");
  await quiet(one.lpush("user:1", "x"));
  await one.rpush("list", "a", "b", "c");
  await one.lrange("list", 0, -1);
  await one.config("GET", "maxmemory");
  await one.select(3);
  await one.hset("h", { a: 1, b: 2 });
  await one.hgetall("h");
  await quiet(one.call("NOSUCH", "x"));
  one.disconnect();
  await kit.sleep(50);

  const piped = await open();
  await piped.pipeline().incr("n").incr("n").get("n").lpop("n").del("n").exec();
  await piped.multi().set("a", 1).incr("a").exec();
  await piped.ping();
  piped.disconnect();
  await kit.sleep(50);

  const listener = await open();
  const speaker = await open();
  await listener.subscribe("news", "sport");
  await speaker.publish("news", "hello");
  await speaker.publish("sport", "goal");
  await kit.sleep(50);
  await listener.unsubscribe("news", "sport");
  await listener.ping();
  listener.disconnect();
  speaker.disconnect();
  await kit.sleep(50);

  // RESP3, attributes and pushes, and inline commands, by hand.
  const socket = net.connect(proxy.port, "127.0.0.1");
  await once(socket, "connect");
  socket.resume();
  const say = async (...words) => {
    socket.write(`*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join("")}`);
    await kit.sleep(40);
  };
  await say("HELLO", "3");
  await say("HSET", "h3", "f", "1.5", "g", "x");
  await say("HGETALL", "h3");
  await say("ZADD", "z", "1.5", "m");
  await say("ZSCORE", "z", "m");
  await say("CLIENT", "TRACKING", "ON");
  await say("GET", "h3");
  await say("SMEMBERS", "none");
  await say("SUBSCRIBE", "own");
  await say("PUBLISH", "own", "to myself");
  socket.write("PING\r\n");
  await kit.sleep(40);
  socket.write("SET inline value\r\nGET inline\r\n");
  await kit.sleep(40);
  socket.end();
  await kit.sleep(50);
  const names = ["commands", "pipeline", "subscriber", "publisher", "resp3"];
  const did = [
    "ioredis, one command after the other, WRONGTYPE and an unknown command among them",
    "ioredis: a pipeline of five with an error, MULTI/EXEC, PING",
    "SUBSCRIBE to two channels, a message on each, UNSUBSCRIBE, PING",
    "PUBLISH twice",
    "RESP3 by hand: maps, doubles, sets, a subscription with its own message, inline commands",
  ];
  for (const [i, chunks] of proxy.recordings.entries())
    kit.write(`redis-${names[i]}`, "redis", did[i], chunks);
}
