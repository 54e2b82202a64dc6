import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";

export async function record(kit) {
  mkdirSync(kit.directory, { recursive: true });
  const [broker, controller] = [await kit.freePort(), await kit.freePort()];
  // The broker tells clients the proxy's port, so that every connection is recorded.
  const proxy = await kit.proxy(broker);
  const properties = `${kit.directory}/server.properties`;
  writeFileSync(
    properties,
    [
      "process.roles=broker,controller",
      "node.id=1",
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      `listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${proxy.port}`,
      "controller.listener.names=CONTROLLER",
      `log.dirs=${kit.directory}/logs`,
      "offsets.topic.replication.factor=1",
      "offsets.topic.num.partitions=1",
      "transaction.state.log.replication.factor=1",
      "transaction.state.log.min.isr=1",
      "group.initial.rebalance.delay.ms=0",
      "",
    ].join("\n"),
  );
  const java = ["-Xmx512m", "-cp", `${kit.tools}/kafka/lib/*`];
  execFileSync(
    "java",
    [...java, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", properties],
    {
      stdio: "pipe",
    },
  );
  kit.start("java", [...java, "kafka.Kafka", properties]);
  await kit.listening(broker, 60);
  await kit.sleep(2000);

  const { Kafka, logLevel, CompressionTypes } = kit.fromClients("kafkajs");
  const kafka = new Kafka({
    clientId: "shop",
    brokers: [`127.0.0.1:${proxy.port}`],
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: "orders", numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  await kit.sleep(300);
  const before = proxy.recordings.length;
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: "orders", messages: [{ key: "k", value: "one" }, { value: "two" }] });
  await producer.send({
    topic: "orders",
    compression: CompressionTypes.GZIP,
    messages: [{ value: "g".repeat(3000) }],
  });
  await producer.send({ topic: "orders", acks: 0, messages: [{ value: "unacknowledged" }] });
  await producer.send({ topic: "orders", messages: [{ value: "last" }] });
  await producer.disconnect();
  await kit.sleep(300);
  const produced = proxy.recordings.slice(before).reduce((a, b) => (a.length > b.length ? a : b));
  kit.write(
    "kafka-produce",
    "kafka",
    "kafkajs: sends of 2, 1 (gzip), 1 without acknowledgement, 1",
    produced,
  );

  const start = proxy.recordings.length;
  const consumer = kafka.consumer({ groupId: "billing", maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  let heard = 0;
  await consumer.run({ eachMessage: async () => void heard++ });
  for (let i = 0; heard < 5 && i < 100; i++) await kit.sleep(50);
  await consumer.disconnect();
  await kit.sleep(300);
  const asksKey = (key) => (chunks) =>
    chunks.some(({ d, b }) => d === 0 && Buffer.from(b, "base64").readInt16BE(4) === key);
  const [joining, fetched] = [11, 1].map((key) => proxy.recordings.slice(start).find(asksKey(key)));
  kit.write(
    "kafka-group",
    "kafka",
    "kafkajs: a consumer joins its group and leaves it",
    joining.slice(0, 60),
  );
  kit.write("kafka-fetch", "kafka", "kafkajs: five messages are fetched", fetched.slice(0, 8));

  const { Producer, Consumer, stringSerializers, stringDeserializers } =
    kit.fromClients("@platformatic/kafka");
  const options = { clientId: "modern", bootstrapBrokers: [`127.0.0.1:${proxy.port}`] };
  const from = proxy.recordings.length;
  const modern = new Producer({ ...options, serializers: stringSerializers });
  const messages = (n) =>
    Array.from({ length: n }, (_, i) => ({ topic: "orders", key: `k${i}`, value: `v${i}` }));
  await modern.send({ messages: messages(1), acks: -1 });
  await modern.send({ messages: messages(3), acks: -1 });
  await modern.close();
  await kit.sleep(300);
  kit.write(
    "kafka-modern-produce",
    "kafka",
    "@platformatic/kafka: sends of 1 and 3 in the newest versions",
    proxy.recordings.slice(from).reduce((a, b) => (a.length > b.length ? a : b)),
  );
  const last = proxy.recordings.length;
  const reader = new Consumer({ ...options, groupId: "modern-group", deserializers: stringDeserializers });
  const stream = await reader.consume({ topics: ["orders"], mode: "earliest", maxWaitTime: 100 });
  await new Promise((done) => {
    let seen = 0;
    stream.on("data", () => ++seen === 9 && done());
    setTimeout(done, 5000);
  });
  await stream.close();
  await reader.close(true);
  await kit.sleep(300);
  const read = proxy.recordings.slice(last).sort((a, b) => b.length - a.length);
  const fetching = read.find(asksKey(1));
  kit.write("kafka-modern-fetch", "kafka", "@platformatic/kafka: a group fetches", fetching.slice(0, 60));

  await recordTraced(kit, kafka, proxy, asksKey);
}

/** recordTraced has messages that carry a trace context: some, all and none of a request, compressed, and to two partitions at once. */
async function recordTraced(kit, kafka, proxy, asksKey) {
  const { CompressionTypes } = kit.fromClients("kafkajs");
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: "bills", numPartitions: 2 }], waitForLeaders: true });
  await admin.disconnect();
  await kit.sleep(300);
  const carrying = (n) => ({
    traceparent: `00-${String(n).repeat(32)}-${String(n).repeat(16)}-01`,
    tracestate: `shop=${n}`,
  });
  const before = proxy.recordings.length;
  const producer = kafka.producer();
  await producer.connect();
  const topic = "bills";
  await producer.send({
    topic,
    messages: [{ partition: 0, key: "paid", value: "one", headers: { ...carrying(1), other: "x" } }],
  });
  await producer.send({
    topic,
    messages: [
      { partition: 0, key: "a", value: "two", headers: carrying(2) },
      { partition: 1, value: null, headers: carrying(3) },
      { partition: 0, value: "three", headers: carrying(2) },
      { partition: 0, value: "four" },
    ],
  });
  await producer.send({
    topic,
    compression: CompressionTypes.GZIP,
    messages: [{ partition: 1, value: "five", headers: carrying(5) }],
  });
  await producer.disconnect();
  await kit.sleep(300);
  const longest = (from) => proxy.recordings.slice(from).reduce((a, b) => (a.length > b.length ? a : b));
  kit.write("kafka-traced-produce", "kafka", "kafkajs: messages with traceparent headers", longest(before));

  const start = proxy.recordings.length;
  const consumer = kafka.consumer({ groupId: "audit", maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let heard = 0;
  await consumer.run({ eachMessage: async () => void heard++ });
  for (let i = 0; heard < 6 && i < 100; i++) await kit.sleep(50);
  await consumer.disconnect();
  await kit.sleep(300);
  const fetched = proxy.recordings.slice(start).find(asksKey(1));
  kit.write("kafka-traced-fetch", "kafka", "kafkajs: the same are fetched", fetched.slice(0, 8));
}
