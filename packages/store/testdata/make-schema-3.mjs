// Makes the data directory of the last release with schema 3, as make-release.mjs does for schema 1:
//   node packages/store/testdata/make-schema-3.mjs /tmp/earlier schema-3.tar.gz
// schema-3.tar.gz is that of commit f7d4632. It has rows of all kinds, a segment in the log whose rows are in the tables already (a kill
// between the insert and the removal), and one whose rows are not.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const [checkout, archive] = process.argv.slice(2).map((path) => resolve(path));
const built = join(checkout, "packages/store/dist");
const { openStore } = await import(join(built, "index.js"));
const { TracesIngest } = await import(join(built, "ingest/traces.js"));
const { LogsIngest } = await import(join(built, "ingest/logs.js"));
const { MetricsIngest } = await import(join(built, "ingest/metrics.js"));
const telemetry = await import(join(checkout, "packages/telemetry/dist/index.js"));
const { encodeProtobuf, ExportTraceServiceRequest, ExportLogsServiceRequest, ExportMetricsServiceRequest } = telemetry;

const start = 1_795_000_000_000_000_000n;
const text = (key, stringValue) => ({ key, value: { stringValue } });
const resource = (service) => ({ attributes: [text("service.name", service), text("host.name", `host of ${service}`)] });
const id = (letter, n, digits) => letter.repeat(digits - 4) + String(n).padStart(4, "0");

/** Some attributes, among them none, empty ones, and a byte that is no UTF-8 (RAW is replaced). */
const attributesOf = (n) =>
  n % 5 === 4 ? [] : [text("n", String(n)), text("empty", ""), text("http.route", `/things/${n % 3}`), text("raw", n === 7 ? "a.RAW.b" : "ü")];

function blocks(letter, count) {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const time = (n) => start + BigInt(n) * 7_000_000_000n;
  const traces = new TracesIngest();
  const spans = numbers.map((n) => ({
    traceId: id(letter, n >> 1, 32),
    spanId: id(letter, n, 16),
    parentSpanId: n % 2 === 1 ? id(letter, n - 1, 16) : "",
    name: `op-${n % 2}`,
    kind: 2 + (n % 2),
    startTimeUnixNano: time(n),
    endTimeUnixNano: time(n) + BigInt(n + 1) * 1000n,
    attributes: attributesOf(n),
    status: n === 3 ? { code: 2, message: "broken" } : undefined,
    events: n === 1 ? [{ timeUnixNano: time(n), name: "event", attributes: [text("e", "1")] }] : [],
    links: n === 2 ? [{ traceId: id("f", 1, 32), spanId: id("f", 1, 16), attributes: [text("l", "2")] }] : [],
  }));
  const request = Buffer.from(
    encodeProtobuf(ExportTraceServiceRequest, {
      resourceSpans: ["shop", "cart"].map((service, i) => ({
        resource: resource(service),
        scopeSpans: [{ scope: { name: "scope", version: "1" }, spans: spans.filter((_, n) => n % 3 === i) }],
      })),
    }),
  );
  for (let at = request.indexOf("RAW"); at >= 0; at = request.indexOf("RAW")) request.fill(255, at, at + 3);
  traces.append(request);
  const logs = new LogsIngest();
  const logRecords = numbers.slice(0, count >> 1).map((n) => ({
    timeUnixNano: time(n),
    severityNumber: 9,
    body: { stringValue: `line ${n}` },
    attributes: attributesOf(n),
    ...(n % 2 === 0 ? { traceId: id(letter, n, 32), spanId: id(letter, n, 16) } : {}),
  }));
  logs.append(encodeProtobuf(ExportLogsServiceRequest, { resourceLogs: [{ resource: resource("shop"), scopeLogs: [{ logRecords }] }] }));
  const metrics = new MetricsIngest();
  const dataPoints = numbers.slice(0, count >> 2).map((n) => ({ timeUnixNano: time(n), asDouble: n / 2, attributes: attributesOf(n) }));
  metrics.append(
    encodeProtobuf(ExportMetricsServiceRequest, {
      resourceMetrics: [{ resource: resource("cart"), scopeMetrics: [{ metrics: [{ name: "m", gauge: { dataPoints } }] }] }],
    }),
  );
  return [traces, logs, metrics].map((ingest) => ingest.take());
}

/** segmentOf appends and keeps a copy of the log's segment, before its rows are in the tables. */
async function segmentOf(store, dir, letter, count) {
  await store.append(blocks(letter, count));
  const [name] = readdirSync(join(dir, "wal")).filter((each) => each.endsWith(".wal"));
  const copy = join(mkdtempSync("/tmp/go3s-segment-"), "copy.wal");
  copyFileSync(join(dir, "wal", name), copy);
  await store.flush();
  return { name, copy };
}

const retention = { traces: 0, logs: 1_000_000_000, metrics: 0, profiles: 0, rollups: 0 };
const dir = mkdtempSync("/tmp/go3s-release-");
const store = await openStore({ dir, retention });
for (const letter of ["a", "b"]) {
  await store.append(blocks(letter, 40));
  await store.flush();
}
const inserted = await segmentOf(store, dir, "c", 24);
await store.close();
const other = mkdtempSync("/tmp/go3s-other-");
const second = await openStore({ dir: other });
const waiting = await segmentOf(second, other, "d", 12);
await second.close();
copyFileSync(inserted.copy, join(dir, "wal", inserted.name));
copyFileSync(waiting.copy, join(dir, "wal", "0000000090.wal"));
execFileSync("tar", ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-C", dir, "-czf", archive, "."]);
for (const each of [dir, other]) rmSync(each, { recursive: true });
