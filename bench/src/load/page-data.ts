import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
  type Span,
} from "@go3s/telemetry";

// What the page is measured with: one trace of very many spans, a million log records, a day of requests, ten thousand series.

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

/** seeded is a repeatable source of numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const ns = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;
const text = (key: string, stringValue: string): Input<KeyValue> => ({ key, value: { stringValue } });
const number = (key: string, value: number): Input<KeyValue> => ({ key, value: { intValue: BigInt(value) } });
const resourceOf = (service: string) => ({
  attributes: [text("service.name", service), text("host.name", "bench")],
});

async function post(url: string, body: Uint8Array): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  for (;;) {
    const response = await fetch(url, { method: "POST", headers, body: Buffer.from(body) });
    if (response.ok) return;
    if (response.status !== 429 && response.status !== 503) throw new Error(await response.text());
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const perRequest = 5000;

/**
 * sendBigTrace sends one trace of `count` spans, at most eight deep, of 20 services, with 3 in 1,000 failed, as the field
 * notes' trace is. It ends at `endMs` and takes 2 s. Gives its id.
 */
export async function sendBigTrace(otlp: string, endMs: number, count: number): Promise<string> {
  const random = seeded(count);
  const traceId = "b16".padEnd(32, "0");
  const starts = new Float64Array(count);
  const lengths = new Float64Array(count);
  const open: number[] = [];
  const id = (index: number) => (index + 1).toString(16).padStart(16, "0");
  for (let sent = 0; sent < count; sent += perRequest) {
    const byService = new Map<string, Input<Span>[]>();
    for (let at = sent; at < Math.min(count, sent + perRequest); at++) {
      while (open.length > 1 && (open.length > 7 || random() < 0.45)) open.pop();
      const parent = open.at(-1);
      const room = parent === undefined ? 2000 : (lengths[parent] ?? 0);
      const share = parent === undefined ? 0 : parent === 0 ? at / count : random() * 0.8;
      starts[at] = parent === undefined ? endMs - 2000 : (starts[parent] ?? 0) + room * share;
      lengths[at] =
        parent === undefined ? 2000 : room * (1 - share) * 0.6 * random() * (parent === 0 ? 0.05 : 1);
      const service = `service-${String((open.length * 3 + (at % 3)) % 20).padStart(2, "0")}`;
      const list = byService.get(service) ?? [];
      byService.set(service, list);
      list.push({
        traceId,
        spanId: id(at),
        parentSpanId: parent === undefined ? "" : id(parent),
        name: `${at % 2 === 0 ? "GET" : "SELECT"} /step/${at % 40}`,
        kind: at % 2 === 0 ? SERVER : CLIENT,
        startTimeUnixNano: ns(starts[at] ?? 0),
        endTimeUnixNano: ns((starts[at] ?? 0) + (lengths[at] ?? 0)),
        attributes: [
          number("index", at),
          text("http.route", `/step/${at % 40}`),
          text("region", "eu-west-1"),
        ],
        ...(at % 331 === 5 ? { status: { code: ERROR, message: "made to fail" } } : {}),
      });
      open.push(at);
    }
    const resourceSpans = [...byService].map(([service, spans]) => ({
      resource: resourceOf(service),
      scopeSpans: [{ scope: { name: "bench" }, spans }],
    }));
    await post(`${otlp}/v1/traces`, encodeProtobuf(ExportTraceServiceRequest, { resourceSpans }));
  }
  return traceId;
}

/** sendRequests sends `count` traces of one span each over the time before `endMs`, most of some milliseconds and some slow ones. */
export async function sendRequests(otlp: string, endMs: number, hours: number, count: number): Promise<void> {
  const random = seeded(7);
  for (let sent = 0; sent < count; sent += perRequest) {
    const spans: Input<Span>[] = [];
    for (let at = sent; at < Math.min(count, sent + perRequest); at++) {
      const start = endMs - (1 - at / count) * hours * 3_600_000;
      const length = Math.exp(random() * 2 + random() * 2) * (random() < 0.02 ? 60 : 1);
      spans.push({
        traceId: (0xda10000000 + at).toString(16).padStart(32, "d"),
        spanId: (at + 1).toString(16).padStart(16, "d"),
        name: `GET /r/${at % 8}`,
        kind: SERVER,
        startTimeUnixNano: ns(start),
        endTimeUnixNano: ns(start + length),
        attributes: [text("http.route", `/r/${at % 8}`)],
        ...(random() < 0.01 ? { status: { code: ERROR, message: "made to fail" } } : {}),
      });
    }
    const scopeSpans = [{ scope: { name: "bench" }, spans }];
    const resourceSpans = [{ resource: resourceOf("day"), scopeSpans }];
    await post(`${otlp}/v1/traces`, encodeProtobuf(ExportTraceServiceRequest, { resourceSpans }));
  }
}

/** sendLogs sends `count` log records over the hour before `endMs`. */
export async function sendLogs(otlp: string, endMs: number, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 2 * perRequest) {
    const size = Math.min(2 * perRequest, count - sent);
    const logRecords = Array.from({ length: size }, (_, index) => {
      const at = sent + index;
      return {
        timeUnixNano: ns(endMs - (1 - at / count) * 3_500_000),
        severityNumber: at % 50 === 0 ? 17 : 9,
        severityText: at % 50 === 0 ? "ERROR" : "INFO",
        body: { stringValue: `request ${at} of user u-${at % 9973} took ${at % 311} ms` },
        attributes: [number("index", at)],
      };
    });
    const resourceLogs = [
      { resource: resourceOf("talker"), scopeLogs: [{ scope: { name: "bench" }, logRecords }] },
    ];
    await post(`${otlp}/v1/logs`, encodeProtobuf(ExportLogsServiceRequest, { resourceLogs }));
  }
}

/** sendSeries sends a gauge of `count` series with two points each before `endMs`. */
export async function sendSeries(otlp: string, endMs: number, count: number): Promise<void> {
  for (const before of [60_000, 5000]) {
    const timeUnixNano = ns(endMs - before);
    const dataPoints = Array.from({ length: count }, (_, at) => ({
      timeUnixNano,
      asDouble: (at * 7919) % 1000,
      attributes: [text("pod", `pod-${at}`), text("zone", `zone-${at % 7}`)],
    }));
    const metrics = [{ name: "bench_gauge", gauge: { dataPoints } }];
    const resourceMetrics = [
      { resource: resourceOf("series"), scopeMetrics: [{ scope: { name: "bench" }, metrics }] },
    ];
    await post(`${otlp}/v1/metrics`, encodeProtobuf(ExportMetricsServiceRequest, { resourceMetrics }));
  }
}
