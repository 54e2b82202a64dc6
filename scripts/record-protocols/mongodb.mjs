import { mkdirSync, writeFileSync } from "node:fs";

// mongo-java-server speaks as MongoDB 4.0 does.
const server = `
import de.bwaldvogel.mongo.*;
import de.bwaldvogel.mongo.backend.memory.*;
public class Serve {
  public static void main(String[] args) throws Exception {
    MongoServer server = new MongoServer(new MemoryBackend().version(ServerVersion.MONGO_4_0));
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    Thread.sleep(600000);
  }
}`;

export async function record(kit) {
  mkdirSync(kit.directory, { recursive: true });
  const source = `${kit.directory}/Serve.java`;
  writeFileSync(source, server);
  const port = await kit.freePort();
  kit.start("java", ["-cp", `${kit.tools}/mongo/lib/*`, source, String(port)]);
  await kit.listening(port);
  const proxy = await kit.proxy(port);
  const { MongoClient } = kit.fromClients("mongodb-5");
  const client = new MongoClient(`mongodb://127.0.0.1:${proxy.port}/?maxPoolSize=1&directConnection=true`);
  await client.connect();
  const orders = client.db("shop").collection("orders");
  await orders.insertOne({ _id: 1, name: "secret" });
  await orders.insertMany(
    Array.from({ length: 30 }, (_, i) => ({ _id: i + 10, n: i, text: "t".repeat(60) })),
  );
  await orders.findOne({ name: "secret" });
  const all = orders.find({}).batchSize(10);
  await all.toArray();
  await orders.updateOne({ _id: 1 }, { $set: { name: "new" } });
  await orders.insertOne({ _id: 1 }).catch(() => undefined);
  await orders.countDocuments({});
  await orders.deleteMany({ n: { $gt: 5 } });
  await client
    .db("shop")
    .command({ noSuchCommand: 1 })
    .catch(() => undefined);
  await client
    .db("shop")
    .collection("events")
    .insertOne({ a: 1 }, { writeConcern: { w: 0 } });
  await orders.findOneAndDelete({ _id: 10 });
  await client.close();
  const chunks = proxy.recordings.find((recorded) =>
    recorded.some(({ b }) => Buffer.from(b, "base64").includes("orders")),
  );
  kit.write(
    "mongodb",
    "mongodb",
    "the mongodb driver on mongo-java-server: writes, a cursor, two errors, w: 0",
    chunks,
  );
}
