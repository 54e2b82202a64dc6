import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

export async function record(kit) {
  mkdirSync(kit.directory, { recursive: true });
  const [port, distribution, mapper] = [await kit.freePort(), await kit.freePort(), await kit.freePort()];
  // The port mapper outlives the server that started it.
  kit.atEnd(() => spawnSync("epmd", ["-port", String(mapper), "-kill"]));
  kit.start("/usr/lib/rabbitmq/bin/rabbitmq-server", [], {
    env: {
      ...process.env,
      HOME: kit.directory,
      RABBITMQ_NODENAME: `record${process.pid}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(mapper),
      RABBITMQ_MNESIA_BASE: `${kit.directory}/mnesia`,
      RABBITMQ_LOG_BASE: `${kit.directory}/log`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${kit.directory}/plugins`,
      RABBITMQ_CONFIG_FILE: `${kit.directory}/rabbitmq`,
      RABBITMQ_PID_FILE: `${kit.directory}/pid`,
    },
  });
  await kit.listening(port, 60);
  const proxy = await kit.proxy(port);
  const amqp = kit.fromClients("amqplib");
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${proxy.port}`);
  const channel = await connection.createChannel();
  await channel.assertExchange("shop", "topic", { durable: false });
  await channel.assertQueue("orders", { durable: false });
  await channel.bindQueue("orders", "shop", "order.*");
  channel.publish("shop", "order.new", Buffer.from("secret one"), {
    headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  });
  channel.publish("shop", "order.paid", Buffer.alloc(3000, 120));
  channel.sendToQueue("orders", Buffer.from("direct"));
  await kit.sleep(50);
  const message = await channel.get("orders");
  channel.ack(message);
  await kit.sleep(30);
  const { consumerTag } = await channel.consume("orders", (got) => channel.ack(got));
  await kit.sleep(150);
  await channel.cancel(consumerTag);
  await channel.get("orders");
  await channel.close();
  const confirming = await connection.createConfirmChannel();
  confirming.publish("shop", "order.sure", Buffer.from("sure"));
  await confirming.waitForConfirms();
  await confirming.close();
  const failing = await connection.createChannel();
  failing.on("error", () => {});
  await failing.checkQueue("no-such-queue").catch(() => undefined);
  await kit.sleep(30);
  await connection.close();
  await kit.sleep(50);
  kit.write(
    "amqp",
    "amqp",
    "amqplib on RabbitMQ: declare, publish, get, consume with acks, an empty get, confirms, a queue that is not there",
    proxy.recordings[0],
  );
}
