import { once } from "node:events";
import net from "node:net";

export async function record(kit) {
  const port = await kit.freePort();
  kit.start("memcached", ["-p", String(port), "-l", "127.0.0.1", "-u", "nobody", "-U", "0"]);
  await kit.listening(port);
  const proxy = await kit.proxy(port);
  const talk = async (lines) => {
    const socket = net.connect(proxy.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resume();
    for (const line of lines) {
      socket.write(line.replaceAll("\n", "\r\n"));
      await kit.sleep(30);
    }
    socket.end();
    await once(socket, "close");
  };
  await talk([
    "set user:1 0 0 6\nsecret\n",
    "get user:1\n",
    "get missing\n",
    "gets user:1 missing user:1\n",
    "add user:1 0 0 1\nx\n",
    `set big 0 0 3000\n${"b".repeat(3000)}\n`,
    "get big\n",
    "incr user:1 5\n",
    "set n 0 0 1\n7\n",
    "incr n 5\n",
    "set quiet 0 0 2 noreply\nok\n",
    "delete quiet\n",
    "touch n 100\n",
    "nonsense here\n",
    "stats\n",
    "version\n",
    "set a 0 0 1\n1\nset b 0 0 1\n2\nget a b\ndelete a\n",
  ]);
  await talk([
    "ms m 2\nhi\n",
    "mg m v\n",
    "mg none v\n",
    "mg m t\n",
    "md m\n",
    "mg m v q\nmg n v q\nmn\n",
    "ma count N0 J5\n",
    "me m\n",
  ]);
  const { Client } = kit.fromClients("memjs");
  const client = Client.create(`127.0.0.1:${proxy.port}`, { keepAlive: true });
  await client.set("user:2", "binary secret", { expires: 10 });
  await client.get("user:2");
  await client.get("missing");
  await client.add("user:2", "x", {}).catch(() => undefined);
  await client.increment("hits", 1, { initial: 5 });
  await client.delete("user:2");
  await new Promise((done) => client.stats(() => done()));
  client.close();
  await kit.sleep(50);
  const names = ["text", "meta", "binary"];
  const did = [
    "classic text commands by hand, misses, CLIENT_ERROR, noreply, a pipeline of four",
    "meta commands by hand, misses, two quiet ones before mn",
    "memjs: set, get, miss, add that fails, increment, delete, stats",
  ];
  for (const [i, chunks] of proxy.recordings.entries())
    kit.write(`memcached-${names[i]}`, "memcached", did[i], chunks);
}
