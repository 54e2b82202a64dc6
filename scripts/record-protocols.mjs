// Records what real clients and servers say to each other, for the tests of packages/agent/src/protocols:
//   node scripts/record-protocols.mjs --tools DIR [postgresql redis ...]
// DIR holds what is not this project's own: DIR/clients (npm install pg mysql2 ioredis mongodb-5@npm:mongodb@5 cassandra-driver amqplib
// kafkajs dns-packet memjs) and, from Maven Central, DIR/kafka/lib, DIR/cassandra/lib, DIR/mongo/lib; the other servers are
// Debian's postgresql, mariadb-server, redis-server, memcached, rabbitmq-server, dnsmasq-base, php-fpm, nginx-light. A server that is missing is
// passed over with a word. Each scenario writes packages/agent/testdata/protocols/NAME.json.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { newTools } from "./record-protocols/tools.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tools: { type: "string", default: "." } },
});
const scenarios = [
  "http1",
  "http2",
  "grpc",
  "postgresql",
  "redis",
  "mysql",
  "dns",
  "kafka",
  "mongodb",
  "memcached",
  "amqp",
  "cassandra",
  "fastcgi",
];
const wanted = positionals.length > 0 ? positionals : scenarios;
const directory = mkdtempSync(join(tmpdir(), "record-"));
const tools = resolve(values.tools);
const fromClients = createRequire(join(tools, "clients/package.json"));

for (const name of wanted) {
  const kit = newTools({ name, directory, tools, fromClients });
  try {
    const { record } = await import(`./record-protocols/${name}.mjs`);
    await record(kit);
    for (const line of kit.written()) process.stdout.write(`${line}\n`);
  } catch (error) {
    process.stdout.write(`${name}: ${error.stack ?? error}\n`);
    process.exitCode = 1;
  } finally {
    await kit.close();
  }
}
rmSync(directory, { recursive: true, force: true });
