import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Btf, BtfBuilder, kernelBtf, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import { compile, renderDiagnostics, telemetryTag } from "@go3s/lang";
import {
  decodeProtobuf,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  type Metric,
} from "@go3s/telemetry";
import { AgentError } from "../errors.js";
import type { Exporter } from "../export/exporter.js";
import { declarationsOf } from "./declarations.js";
import { exportDeclared } from "./export-declared.js";

const comm = readFileSync("/proc/self/comm", "utf8").trim();
const cannotRun = process.getuid?.() === 0 ? false : "loading programs needs root";

const source = `
// @Go3sTrace(span="packet {Port}", start="Start", duration="Took", status="Bad", kind="server", sample=SAMPLE, fields=["server.port=Port", "Comm"])
// @Go3sLog(level="warn", event="packet", body="{Comm} sent {Port}", fields=["Port"])
// @Go3sMetric(name="packet.duration", type="histogram", unit="ns", value="Took", labels=["Port"])
type Packet struct {
	Start, Took uint64
	PID         uint32
	Port        uint16
	Bad         uint16
	Comm        [16]byte
}
type Key struct { Port uint16 }
// @Go3sMetric(name="packets", unit="{packet}", labels=["port"], description="by port")
var packets = bpf.PerCPUHash[Key, uint64](16)
// @Go3sMetric(name="all")
var all = bpf.Array[uint64](1)
type Level struct { Now int64 }
// @Go3sMetric(name="level", type="gauge", value="Now")
var level = bpf.Hash[uint32, Level](16)
var events = bpf.RingBuf[Packet](1 << 20)
// @Go3sMetric(name="sizes", unit="By", labels=["direction"])
var sizes = bpf.Histogram[uint32](4)
// @xdp
func main(ctx *bpf.XDP) int {
	n := all.Lookup(0)
	if n == nil {
		return 0
	}
	*n += 1
	k := Key{Port: uint16(80 + *n % 2)}
	packets.Increment(k)
	level.Update(7, Level{Now: -5})
	sizes.Observe(1, *n-1)
	e := events.Reserve()
	if e == nil {
		return 0
	}
	e.Start = bpf.KtimeNS()
	e.Took = 1000 * *n
	e.PID = bpf.PID()
	e.Port = k.Port
	e.Bad = uint16(*n / 10)
	e.Comm = bpf.Comm()
	events.Submit(e)
	return 2
}
`;

/** Sent is everything that an exporter was given. */
interface Sent {
  readonly signal: string;
  readonly body: Uint8Array;
}

function recording(): { readonly exporter: Exporter; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const exporter: Exporter = {
    send(signal, body, _items, done) {
      sent.push({ signal, body: body.slice() });
      done?.();
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
  return { exporter, sent };
}

function load(text: string): LoadedObject {
  const result = compile([{ name: "packets.go3s", text }], { kernelBtf: kernelBtf() });
  assert.ok(result.object, renderDiagnostics(result));
  return loadObject(readObject(result.object));
}

/** exported runs the program a number of times and gives what was sent and the report. */
function exported(sample: string, runs: number) {
  using object = load(source.replace("SAMPLE", sample));
  const { exporter, sent } = recording();
  const made = exportDeclared(object, { probe: "packets", exporter, every: 3_600_000 });
  for (let i = 0; i < runs; i++) object.program("main").testRun({ data: new Uint8Array(64) });
  made.close();
  const bodies = (signal: string) => sent.filter((each) => each.signal === signal).map((each) => each.body);
  return {
    report: made.report(),
    traces: bodies("traces").flatMap((each) => decodeProtobuf(ExportTraceServiceRequest, each).resourceSpans),
    logs: bodies("logs").flatMap((each) => decodeProtobuf(ExportLogsServiceRequest, each).resourceLogs),
    metrics: bodies("metrics").flatMap(
      (each) => decodeProtobuf(ExportMetricsServiceRequest, each).resourceMetrics,
    ),
  };
}

const named = (metrics: readonly Metric[], name: string): Metric => {
  const found = metrics.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
};

describe("what annotations declare", { skip: cannotRun }, () => {
  test("events become spans, log records and a histogram, maps become sums and gauges", () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const { report, traces, logs, metrics } = exported("1", 10);
    const after = BigInt(Date.now() + 5) * 1_000_000n;
    assert.deepEqual([report.spans, report.logs, report.dropped], [10, 10, {}]);

    const spans = traces.flatMap((each) => each.scopeSpans).flatMap((each) => each.spans);
    assert.equal(spans.length, 10);
    assert.equal(new Set(spans.map((each) => each.traceId)).size, 10);
    const first = spans[0];
    assert.equal(first?.name, "packet 81");
    assert.equal(first?.kind, 2);
    assert.equal((first?.endTimeUnixNano ?? 0n) - (first?.startTimeUnixNano ?? 0n), 1000n);
    assert.ok(
      (first?.startTimeUnixNano ?? 0n) >= before - 5_000_000n && (first?.startTimeUnixNano ?? 0n) <= after,
    );
    assert.deepEqual(
      first?.attributes.map(({ key, value }) => [key, value?.intValue ?? value?.stringValue]),
      [
        ["server.port", 81n],
        ["Comm", comm],
      ],
    );
    assert.deepEqual(
      spans.map((each) => each.status?.code ?? 0),
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    );
    // The process of the events is this one: it is called as an observed process is.
    const resource = traces[0]?.resource?.attributes.find((each) => each.key === "process.pid");
    assert.equal(resource?.value?.intValue, BigInt(process.pid));

    const records = logs.flatMap((each) => each.scopeLogs).flatMap((each) => each.logRecords);
    assert.equal(records.length, 10);
    assert.equal(records[0]?.severityText, "WARN");
    assert.equal(records[0]?.body?.stringValue, `${comm} sent 81`);

    const all = metrics.flatMap((each) => each.scopeMetrics).flatMap((each) => each.metrics);
    const packets = named(all, "packets");
    assert.deepEqual(
      [packets.unit, packets.description, packets.sum?.isMonotonic],
      ["{packet}", "by port", true],
    );
    assert.deepEqual(
      packets.sum?.dataPoints.map((each) => [each.attributes[0]?.value?.intValue, each.asInt]).sort(),
      [
        [80n, 5n],
        [81n, 5n],
      ],
    );
    assert.deepEqual(
      named(all, "all").sum?.dataPoints.map((each) => [each.attributes.length, each.asInt]),
      [[0, 10n]],
    );
    assert.deepEqual(
      named(all, "level").gauge?.dataPoints.map((each) => [each.attributes[0]?.value?.intValue, each.asInt]),
      [[7n, -5n]],
    );
    // 0, then 1, 2 and 3, 4 to 7, 8 and 9.
    const [size] = named(all, "sizes").exponentialHistogram?.dataPoints ?? [];
    assert.deepEqual([size?.count, size?.zeroCount, size?.sum, size?.scale], [10n, 1n, 45, 0]);
    assert.deepEqual(size?.positive, { offset: 0, bucketCounts: [1n, 2n, 4n, 2n] });
    assert.deepEqual(size?.attributes[0]?.key, "direction");
    const points = named(all, "packet.duration").exponentialHistogram?.dataPoints ?? [];
    assert.equal(points.length, 2);
    assert.equal(
      points.reduce((sum, each) => sum + each.count, 0n),
      10n,
    );
    assert.equal(
      points.reduce((sum, each) => sum + (each.sum ?? 0), 0),
      55_000,
    );
    // OpenTelemetry's rule: bucket i is (base^i, base^(i+1)], base 2^(1/8) at scale 3.
    for (const { scale, positive, min = 0, max = 0 } of points) {
      const lowest = Math.ceil(Math.log2(min) * 2 ** scale) - 1;
      const highest = Math.ceil(Math.log2(max) * 2 ** scale) - 1;
      assert.deepEqual([positive?.offset, positive?.bucketCounts.length], [lowest, highest - lowest + 1]);
    }
  });

  test("sampling keeps a share and counts the rest", () => {
    const { report, traces } = exported("0.25", 2000);
    const spans = traces.flatMap((each) => each.scopeSpans).flatMap((each) => each.spans).length;
    assert.equal(spans, report.spans);
    assert.equal(spans + (report.dropped["sampled-out"] ?? 0), 2000);
    // 500 +- 19: eight deviations to either side.
    assert.ok(spans > 340 && spans < 660, String(spans));
    assert.equal(report.logs, 2000);
  });

  test("an object without annotations is told what it lacks", () => {
    using object = load("// @xdp\nfunc main(ctx *bpf.XDP) int { return 2 }");
    assert.throws(
      () => exportDeclared(object, { probe: "nothing", exporter: recording().exporter }),
      (error) =>
        error instanceof AgentError && error.code === "no-annotation" && /@Go3sMetric/.test(error.hint ?? ""),
    );
  });
});

describe("annotations of foreign objects", () => {
  const whole = { signal: "log", record: "E", level: "INFO", event: "", body: "", fields: [], pid: "" };
  for (const [name, text] of [
    ["no JSON", "{"],
    ["no object", "4"],
    ["an unknown signal", JSON.stringify({ ...whole, signal: "smoke" })],
    ["a missing text", JSON.stringify({ ...whole, level: undefined })],
    ["a number for a text", JSON.stringify({ ...whole, body: 4 })],
    ["no list", JSON.stringify({ ...whole, fields: "PID" })],
    ["a list of numbers", JSON.stringify({ ...whole, fields: [1] })],
    ["a share above 1", JSON.stringify({ ...whole, signal: "trace", sample: 2 })],
  ] as const) {
    test(`${name} is refused`, () => {
      const builder = new BtfBuilder();
      const type = builder.add({
        kind: "int",
        name: "int",
        size: 4,
        encoding: "signed",
      });
      const variable = builder.add({ kind: "var", name: "events", type, linkage: 1 });
      builder.add({ kind: "decl_tag", name: `${telemetryTag}${text}`, type: variable, component: -1 });
      assert.throws(
        () => declarationsOf(new Btf(builder.encode())),
        (error) =>
          error instanceof AgentError && error.code === "bad-annotation" && /events/.test(error.message),
      );
    });
  }
});
