import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";

// Node's driver stops at protocol 4; Python's (DIR/py, a virtual environment with cassandra-driver) speaks 5.
const newest = `
import sys
from cassandra.cluster import Cluster
cluster = Cluster(["127.0.0.1"], port=int(sys.argv[1]), protocol_version=5, compression=False)
session = cluster.connect("shop")
session.execute("INSERT INTO orders (id, name) VALUES (1, 'secret')")
one = session.prepare("SELECT name FROM orders WHERE id = ?")
for wait in [session.execute_async(one, [i]) for i in (1, 2, 3)]:
    wait.result()
try:
    session.execute("SELECT * FROM missing")
except Exception:
    pass
session.execute("SELECT * FROM orders")
cluster.shutdown()
`;

export async function record(kit) {
  mkdirSync(kit.directory, { recursive: true });
  const [port, storage, jmx] = [await kit.freePort(), await kit.freePort(), await kit.freePort()];
  const where = (name) => `${kit.directory}/${name}`;
  writeFileSync(
    where("cassandra.yaml"),
    [
      "cluster_name: record",
      "partitioner: org.apache.cassandra.dht.Murmur3Partitioner",
      "commitlog_sync: periodic",
      "commitlog_sync_period: 10000ms",
      "endpoint_snitch: SimpleSnitch",
      "listen_address: 127.0.0.1",
      "rpc_address: 127.0.0.1",
      "start_native_transport: true",
      `native_transport_port: ${port}`,
      `storage_port: ${storage}`,
      `data_file_directories: ["${where("data")}"]`,
      `commitlog_directory: ${where("commitlog")}`,
      `hints_directory: ${where("hints")}`,
      `saved_caches_directory: ${where("caches")}`,
      `cdc_raw_directory: ${where("cdc")}`,
      "num_tokens: 1",
      "memtable:",
      "  configurations:",
      "    default:",
      "      class_name: SkipListMemtable",
      "seed_provider:",
      "  - class_name: org.apache.cassandra.locator.SimpleSeedProvider",
      "    parameters:",
      `      - seeds: "127.0.0.1:${storage}"`,
      "",
    ].join("\n"),
  );
  const opens = [
    "java.io",
    "java.lang",
    "java.lang.reflect",
    "java.nio",
    "java.net",
    "java.util",
    "sun.nio.ch",
    "jdk.internal.misc",
  ];
  const modules = [
    ...opens.flatMap((name) => ["--add-opens", `java.base/${name}=ALL-UNNAMED`]),
    ...["jdk.internal.misc", "jdk.internal.ref", "sun.nio.ch"].flatMap((name) => [
      "--add-exports",
      `java.base/${name}=ALL-UNNAMED`,
    ]),
    ...["--add-exports", "java.management.rmi/com.sun.jmx.remote.internal.rmi=ALL-UNNAMED"],
    ...[
      "--add-exports",
      "java.rmi/sun.rmi.registry=ALL-UNNAMED",
      "--add-exports",
      "java.rmi/sun.rmi.server=ALL-UNNAMED",
    ],
    ...[
      "--add-exports",
      "java.sql/java.sql=ALL-UNNAMED",
      "--add-opens",
      "jdk.management/com.sun.management.internal=ALL-UNNAMED",
    ],
  ];
  const server = kit.start("java", [
    ...["-Xmx700m", "-Xms700m", ...modules, `-Dcassandra.config=file://${where("cassandra.yaml")}`],
    ...[
      `-Dcassandra.storagedir=${kit.directory}`,
      "-Dcassandra-foreground=yes",
      `-Dcassandra.jmx.local.port=${jmx}`,
    ],
    ...["-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=0"],
    ...["-cp", `${kit.tools}/cassandra/lib/*`, "org.apache.cassandra.service.CassandraDaemon"],
  ]);
  try {
    await kit.listening(port, 90);
  } catch (error) {
    throw new Error(server.log().slice(-2500), { cause: error });
  }
  const { Client, types } = kit.fromClients("cassandra-driver");
  for (const version of ["v3", "v4"]) {
    const proxy = await kit.proxy(port);
    const client = new Client({
      contactPoints: [`127.0.0.1:${proxy.port}`],
      localDataCenter: "datacenter1",
      protocolOptions: { maxVersion: types.protocolVersion[version] },
      pooling: { coreConnectionsPerHost: { 0: 1 }, heartBeatInterval: 0 },
      refreshSchemaDelay: 100000,
    });
    await client.connect();
    await client.execute(
      "CREATE KEYSPACE IF NOT EXISTS shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    );
    await client.execute("CREATE TABLE IF NOT EXISTS shop.orders (id int PRIMARY KEY, name text)");
    await client.execute("INSERT INTO shop.orders (id, name) VALUES (1, 'secret')");
    await client.execute("SELECT * FROM shop.orders WHERE id = 1");
    const prepared = { prepare: true };
    await client.execute("SELECT name FROM shop.orders WHERE id = ?", [1], prepared);
    await client.execute("SELECT name FROM shop.orders WHERE id = ?", [2], prepared);
    await client.execute("SELECT * FROM shop.missing").catch(() => undefined);
    await client.batch(
      ["INSERT INTO shop.orders (id, name) VALUES (7, 'x')", "DELETE FROM shop.orders WHERE id = 8"],
      {},
    );
    await Promise.all(
      [9, 10, 11].map((id) => client.execute("SELECT name FROM shop.orders WHERE id = ?", [id], prepared)),
    );
    await client.shutdown();
    await kit.sleep(100);
    // The last connection is the pool's; the first one asks for the cluster's tables.
    const pool = proxy.recordings.findLast((chunks) =>
      chunks.some(({ b }) => Buffer.from(b, "base64").includes("secret")),
    );
    kit.write(
      `cassandra-${version}`,
      "cassandra",
      `cassandra-driver, ${version}: queries, prepared, an error, a batch, three at once`,
      pool,
    );
  }
  const python = `${kit.tools}/py/bin/python`;
  if (!existsSync(python)) return;
  const proxy = await kit.proxy(port);
  await promisify(execFile)(python, ["-c", newest, String(proxy.port)]);
  const pool = proxy.recordings.findLast((chunks) =>
    chunks.some(({ b }) => Buffer.from(b, "base64").includes("secret")),
  );
  kit.write(
    "cassandra-v5",
    "cassandra",
    "Python's driver, v5: segments; an insert, prepared, an error",
    pool,
  );
}
