import { gzipSync } from "node:zlib";
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportProfilesServiceRequest,
  ExportTraceServiceRequest,
  encodeJson,
  encodeProtobuf,
  type Input,
  type MessageType,
  WriteRequestV1,
  WriteRequestV2,
} from "@go3s/telemetry";
import { arbitraryMessage } from "@go3s/telemetry/testing";
import { jaegerBatch, jaegerTag, thriftBytes } from "@go3s/telemetry/testing/thrift";
import fc from "fast-check";
import { compress } from "snappyjs";
import { fuseOtlp } from "./fuse-otlp.js";
import { write } from "./mutate.js";
import { pprofBytes, profilesOf } from "./profile-requests.js";
import { shopRequests } from "./shop-requests.js";

/** FuzzSeed is a kind of request with its whole bodies, before they are compressed. */
export interface FuzzSeed {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly form: "protobuf" | "json" | "bytes";
  readonly bodies: readonly Buffer[];
  /** snappy: the body is sent in Snappy's block format. */
  readonly snappy?: true;
  /** signal of OTLP, whose gRPC service takes the body too. */
  readonly service?: string;
}

/** packings are the Content-Encodings of OTLP bodies. */
export const packings: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  identity: (body) => body,
  gzip: (body) => gzipSync(body, { level: 1 }),
  zstd: rawZstd,
};

/** snappyOf packs a body as remote write does. */
export function snappyOf(body: Buffer): Buffer {
  return Buffer.from(compress(body));
}

/** rawZstd makes one frame of raw blocks (RFC 8878, section 3.1.1): what is to be broken is the reader's, not a compressor's. */
function rawZstd(body: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(body.length, 5);
  const parts: Buffer[] = [head];
  const most = 128 * 1024;
  for (let at = 0; at === 0 || at < body.length; at += most) {
    const part = body.subarray(at, at + most);
    const block = Buffer.alloc(3);
    block.writeUIntLE((part.length << 3) | Number(at + most >= body.length), 0, 3);
    parts.push(block, part);
  }
  return Buffer.concat(parts);
}

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function samples<T>(type: MessageType<T>, whole: Input<T>): Input<T>[] {
  return [whole, ...fc.sample(arbitraryMessage(type), { seed: 7, numRuns: 12 })];
}

const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
const attributes = [
  { key: "http.request.method", value: { stringValue: "GET" } },
  { key: "n", value: { intValue: 42n } },
  { key: "list", value: { arrayValue: { values: [{ doubleValue: 0.5 }, { boolValue: true }] } } },
];

const traces = samples(ExportTraceServiceRequest, {
  resourceSpans: [
    {
      resource,
      scopeSpans: [
        {
          scope: { name: "peer", version: "1" },
          spans: [0, 1, 2].map((i) => ({
            traceId: TRACE,
            spanId: `b7ad6b716920333${i}`,
            parentSpanId: i === 0 ? "" : SPAN,
            name: `GET /${i}`,
            kind: 2,
            startTimeUnixNano: 1_700_000_000_000_000_000n,
            endTimeUnixNano: 1_700_000_000_001_000_000n,
            attributes,
            events: [{ name: "event", timeUnixNano: 1_700_000_000_000_000_001n, attributes }],
            links: [{ traceId: TRACE, spanId: SPAN, attributes }],
            status: { code: 2, message: "no luck" },
          })),
        },
      ],
    },
  ],
});
const logs = samples(ExportLogsServiceRequest, {
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          logRecords: [
            { timeUnixNano: 1n, body: { stringValue: "text" }, attributes, traceId: TRACE, spanId: SPAN },
          ],
        },
      ],
    },
  ],
});
const metrics = samples(ExportMetricsServiceRequest, { resourceMetrics: [{ resource, scopeMetrics: [] }] });

const sampled = [
  { path: "main;work;sys_read", value: 7n, span: SPAN, atNs: 1_700_000_000_000_000_000n },
  { path: "main;0x2a", value: 1n, atNs: 1_700_000_000_000_000_001n },
];
const profiles = samples(ExportProfilesServiceRequest, profilesOf("shop", sampled));
const pprof = Buffer.from(pprofBytes(sampled, 1_700_000_000_000_000_000n));
const jaeger = [
  jaegerBatch(
    "old-shop",
    [jaegerTag("hostname", "box")],
    [
      { name: "one", tags: [jaegerTag("error", true), jaegerTag("n", 7n), jaegerTag("b", Buffer.from("x"))] },
      { name: "two", parent: 5n, references: [{ kind: 0, low: 1n, id: 2n }] },
      { name: "three", logs: [{ micros: 1n, fields: [jaegerTag("event", "half way")] }] },
    ],
  ),
];

/** A double as its bits, as remote write has them. */
function bits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

const v1 = samples(WriteRequestV1, {
  timeseries: [
    {
      labels: [
        { name: "__name__", value: "queue_depth" },
        { name: "job", value: "api" },
      ],
      samples: [{ value: bits(7.5), timestamp: 1_700_000_000_000n }],
    },
  ],
});
const v2 = samples(WriteRequestV2, {
  symbols: ["", "__name__", "latency", "job", "api"],
  timeseries: [
    {
      labelsRefs: [1, 2, 3, 4],
      metadata: { type: 3 },
      histograms: [
        {
          countInt: 7n,
          sum: bits(12.5),
          schema: 1,
          zeroCountInt: 1n,
          positiveSpans: [{ offset: -1, length: 2 }],
          positiveDeltas: [2n, 4n],
          timestamp: 1_700_000_000_000n,
        },
      ],
      samples: [{ value: bits(3), timestamp: 1_700_000_000_000n }],
    },
  ],
});

const zipkin = [
  [
    {
      traceId: "463ac35c9f6413ad",
      id: "a2fb4a1d1a96d312",
      parentId: "a2fb4a1d1a96d311",
      kind: "CLIENT",
      name: "short",
      timestamp: 1_700_000_000_000_000,
      duration: 1500,
      localEndpoint: { serviceName: "front" },
      remoteEndpoint: { serviceName: "back", ipv4: "10.1.2.3", port: 8080 },
      tags: { error: "yes", "http.method": "GET" },
      annotations: [{ timestamp: 1_700_000_000_000_001, value: "half way" }],
    },
  ],
];

/** fused makes a request of docs/fused-otlp.md: a shared part, and rows that name it. */
function fused(): Buffer {
  const bytes = (number: number, content: Buffer) => ({ number, wire: 2, content });
  const shared = write([bytes(5, Buffer.from("GET /")), { number: 6, wire: 0, content: Buffer.from([2]) }]);
  const rows = Buffer.alloc(56 * 3);
  for (let i = 0; i < 3; i++) {
    rows.write(TRACE, 56 * i + 8, "hex");
    rows.write(SPAN, 56 * i + 24, "hex");
    rows.writeBigUInt64LE(1_700_000_000_000_000_000n, 56 * i + 40);
    rows.writeBigUInt64LE(1_700_000_000_000_001_000n, 56 * i + 48);
  }
  return write([bytes(1, write([bytes(2, write([bytes(14, shared), bytes(15, rows)]))]))]);
}

function protobuf<T>(type: MessageType<T>, of: readonly Input<T>[]): Buffer[] {
  return of.map((each) => Buffer.from(encodeProtobuf(type, each)));
}

function json<T>(type: MessageType<T>, of: readonly Input<T>[]): Buffer[] {
  return of.map((each) => Buffer.from(encodeJson(type, each)));
}

const service = (name: string, signal: string): string =>
  `/opentelemetry.proto.collector.${signal}.v1.${name}Service/Export`;

/** fuzzSeeds are all kinds of requests that the OTLP ports take. */
export const fuzzSeeds: readonly FuzzSeed[] = [
  {
    name: "traces",
    path: "/v1/traces",
    type: PROTOBUF,
    form: "protobuf",
    bodies: protobuf(ExportTraceServiceRequest, traces),
    service: service("Trace", "trace"),
  },
  {
    name: "logs",
    path: "/v1/logs",
    type: PROTOBUF,
    form: "protobuf",
    bodies: protobuf(ExportLogsServiceRequest, logs),
    service: service("Logs", "logs"),
  },
  {
    name: "metrics",
    path: "/v1/metrics",
    type: PROTOBUF,
    form: "protobuf",
    bodies: protobuf(ExportMetricsServiceRequest, metrics),
    service: service("Metrics", "metrics"),
  },
  {
    name: "profiles",
    path: "/v1development/profiles",
    type: PROTOBUF,
    form: "protobuf",
    bodies: protobuf(ExportProfilesServiceRequest, profiles),
    service: "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
  },
  {
    name: "profiles-json",
    path: "/v1development/profiles",
    type: JSON_TYPE,
    form: "json",
    bodies: json(ExportProfilesServiceRequest, profiles),
  },
  {
    name: "pprof",
    path: "/v1/pprof?service=shop",
    type: "application/octet-stream",
    form: "protobuf",
    bodies: [pprof],
  },
  {
    name: "pyroscope",
    path: "/ingest?name=shop",
    type: "multipart/form-data; boundary=B",
    form: "bytes",
    bodies: [
      Buffer.concat([
        Buffer.from('--B\r\nContent-Disposition: form-data; name="profile"; filename="p"\r\n\r\n'),
        pprof,
        Buffer.from("\r\n--B--\r\n"),
      ]),
    ],
  },
  {
    name: "jaeger",
    path: "/api/traces",
    type: "application/x-thrift",
    form: "bytes",
    bodies: jaeger.map((each) => thriftBytes(each, "binary")),
  },
  {
    name: "fused",
    path: "/v1/fused",
    type: PROTOBUF,
    form: "protobuf",
    bodies: [fused(), fuseOtlp(shopRequests(4)), fuseOtlp(shopRequests(3), true)],
  },
  {
    name: "traces-json",
    path: "/v1/traces",
    type: JSON_TYPE,
    form: "json",
    bodies: json(ExportTraceServiceRequest, traces),
  },
  {
    name: "logs-json",
    path: "/v1/logs",
    type: JSON_TYPE,
    form: "json",
    bodies: json(ExportLogsServiceRequest, logs),
  },
  {
    name: "metrics-json",
    path: "/v1/metrics",
    type: JSON_TYPE,
    form: "json",
    bodies: json(ExportMetricsServiceRequest, metrics),
  },
  {
    name: "zipkin",
    path: "/api/v2/spans",
    type: JSON_TYPE,
    form: "json",
    bodies: zipkin.map((each) => Buffer.from(JSON.stringify(each))),
  },
  {
    name: "remote-write",
    path: "/api/v1/write",
    type: PROTOBUF,
    form: "protobuf",
    bodies: protobuf(WriteRequestV1, v1),
    snappy: true,
  },
  {
    name: "remote-write-2",
    path: "/api/v1/write",
    type: `${PROTOBUF};proto=io.prometheus.write.v2.Request`,
    form: "protobuf",
    bodies: protobuf(WriteRequestV2, v2),
    snappy: true,
  },
];
