import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import dns from "node:dns/promises";
import { once } from "node:events";
import { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { after, before, test } from "node:test";
import type { TargetGroup } from "./config.js";
import { discover } from "./discover.js";
import type { Fetching } from "./fetch-page.js";
import { readScrapeConfig } from "./read-config.js";

// A name server of one page: RFC 1035 section 4.1, RFC 2782 for SRV.
const socket = createSocket("udp4");
const servers = dns.getServers();
const A = 1;
const AAAA = 28;
const SRV = 33;

const labelsOf = (name: string): Buffer =>
  Buffer.concat([
    ...name.split(".").map((part) => Buffer.from([part.length, ...Buffer.from(part)])),
    Buffer.from([0]),
  ]);

/** record answers for the name at byte 12. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, data]);
}

const answers: Readonly<Record<number, readonly Buffer[]>> = {
  [A]: [record(A, Buffer.from([10, 0, 0, 1])), record(A, Buffer.from([10, 0, 0, 2]))],
  [AAAA]: [record(AAAA, Buffer.from("20010db8000000000000000000000001", "hex"))],
  [SRV]: [record(SRV, Buffer.concat([Buffer.from([0, 1, 0, 2, 0x23, 0x8c]), labelsOf("node.example")]))],
};

before(async () => {
  socket.on("message", (question, from) => {
    const end = question.indexOf(0, 12);
    const type = question.readUInt16BE(end + 1);
    const found = question.includes("gone") ? [] : (answers[type] ?? []);
    const head = Buffer.from(question.subarray(0, end + 5));
    // A response without an error; one question, so many answers, nothing else.
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(found.length, 6);
    head.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([head, ...found]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  dns.setServers([`127.0.0.1:${socket.address().port}`]);
});
after(() => {
  dns.setServers(servers);
  socket.close();
});

const fetching: Fetching = {
  http: { tls: { insecureSkipVerify: false }, followRedirects: true },
  agents: { http: new Agent(), https: new HttpsAgent() },
  path: (file) => file,
};

for (const [entry, expected] of [
  ["{names: [web.example], type: A, port: 9100}", ["10.0.0.1:9100", "10.0.0.2:9100"]],
  ["{names: [web.example], type: AAAA, port: 9100}", ["[2001:db8::1]:9100"]],
  ["{names: [_metrics._tcp.example]}", ["node.example:9100"]],
] as const)
  test(`DNS tells targets: ${entry}`, { timeout: 120_000 }, async () => {
    const [job] = readScrapeConfig(
      `scrape_configs: [{job_name: a, dns_sd_configs: [${entry}]}]`,
      "/x.yml",
    ).jobs;
    assert.ok(job !== undefined);
    const groups = await new Promise<readonly TargetGroup[]>((resolve, reject) => {
      const discovery = discover(job, "/", fetching, {
        groups(source, found) {
          if (source === "static_configs") return;
          setImmediate(() => discovery.close());
          resolve(found);
        },
        failed: (source, why) => reject(new Error(`${source}: ${why}`)),
      });
    });
    assert.deepEqual(groups.flatMap(({ targets }) => targets).sort(), [...expected]);
    const name = /names: \[([^\]]+)\]/.exec(entry)?.[1];
    assert.equal(groups[0]?.labels["__meta_dns_name"], name);
    if (!entry.includes("type"))
      assert.deepEqual(groups[0]?.labels, {
        __meta_dns_name: name,
        __meta_dns_srv_record_target: "node.example.",
        __meta_dns_srv_record_port: "9100",
      });
  });

test("a name that has gone takes its targets along, and is told", { timeout: 120_000 }, async () => {
  const entry = "{names: [gone.example], type: A, port: 1}";
  const [job] = readScrapeConfig(
    `scrape_configs: [{job_name: a, dns_sd_configs: [${entry}]}]`,
    "/x.yml",
  ).jobs;
  assert.ok(job !== undefined);
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const discovery = discover(job, "/", fetching, {
      groups: (source, found) => void told.push(`${source} ${found.length}`),
      failed(source) {
        told.push(`${source} failed`);
        setImmediate(() => discovery.close());
        resolve();
      },
    });
  });
  assert.deepEqual(told, ["static_configs 0", "A gone.example 0", "A gone.example failed"]);
});
