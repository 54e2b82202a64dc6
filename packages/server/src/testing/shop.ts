import {
  ExportLogsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
  type LogRecord,
  type Span,
} from "@go3s/telemetry";

/** shopTraces is how many orders the made-up shop takes, one a second; every tenth fails to pay. */
export const shopTraces = 60;
/** shopFailures are those that fail. */
export const shopFailures = 6;

const SERVER = 2;
const CLIENT = 3;
const INTERNAL = 1;
const ERROR = 2;

function attributes(values: Readonly<Record<string, string | number>>): Input<KeyValue>[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: BigInt(value) } : { stringValue: value },
  }));
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** traceIdOf gives the trace id of the order with this number, from 0. */
export function traceIdOf(order: number): string {
  return hex(0xabc0000 + order, 32);
}

/** spanIdOf gives the id of one span of an order: 1 the gateway's request, … as in shopSpans. */
export function spanIdOf(order: number, span: number): string {
  return hex(0x1000 + order * 16 + span, 16);
}

function ns(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

interface Made {
  readonly service: string;
  readonly span: Input<Span>;
}

function orderSpans(order: number, startMs: number): Made[] {
  const fails = order % 10 === 3;
  const span = (
    service: string,
    number: number,
    parent: number,
    name: string,
    kind: number,
    fromMs: number,
    forMs: number,
    values: Readonly<Record<string, string | number>>,
    failure = "",
  ): Made => ({
    service,
    span: {
      traceId: traceIdOf(order),
      spanId: spanIdOf(order, number),
      parentSpanId: parent === 0 ? "" : spanIdOf(order, parent),
      name,
      kind,
      startTimeUnixNano: ns(startMs + fromMs),
      endTimeUnixNano: ns(startMs + fromMs + forMs),
      attributes: attributes(values),
      ...(failure === ""
        ? {}
        : {
            status: { code: ERROR, message: failure },
            events: [
              {
                timeUnixNano: ns(startMs + fromMs + forMs),
                name: "exception",
                attributes: attributes({ "exception.message": failure }),
              },
            ],
          }),
    },
  });
  const failure = fails ? "card declined" : "";
  const http = { "http.request.method": "POST", "http.response.status_code": fails ? 500 : 200 };
  return [
    span("gateway", 1, 0, "GET /cart", SERVER, 0, 100 + order, {
      "http.route": "/cart",
      "http.response.status_code": 200,
    }),
    span("gateway", 2, 1, "POST", CLIENT, 5, 90, { "server.address": "checkout.local", "server.port": 8080 }),
    span("checkout", 3, 2, "POST /checkout", SERVER, 10, 80, {
      "http.route": "/checkout",
      "user.id": `u${order}`,
    }),
    span("checkout", 4, 3, "price", INTERNAL, 11, 5, {}),
    span("checkout", 5, 3, "SELECT", CLIENT, 17, 10, {
      "db.system.name": "postgresql",
      "server.address": "db.local",
      "server.port": 5432,
    }),
    span("checkout", 6, 3, "POST", CLIENT, 30, 50, http, failure),
    span("payments", 7, 6, "POST /pay", SERVER, 35, 40, { "http.route": "/pay", ...http }, failure),
  ];
}

/** shopSpans are seven spans per order over gateway, checkout and payments, as one ExportTraceServiceRequest. */
export function shopSpans(startMs: number): Uint8Array {
  const all = Array.from({ length: shopTraces }, (_, order) =>
    orderSpans(order, startMs + order * 1000),
  ).flat();
  const services = ["gateway", "checkout", "payments"];
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: services.map((service) => ({
      resource: {
        attributes: attributes({ "service.name": service, "host.name": "shop-1", "process.pid": 42 }),
      },
      scopeSpans: [
        {
          scope: { name: "shop" },
          spans: all.filter((made) => made.service === service).map((made) => made.span),
        },
      ],
    })),
  });
}

function tcp(
  startMs: number,
  event: "tcp.connect" | "tcp.close",
  values: Readonly<Record<string, string | number>>,
): Input<LogRecord> {
  return {
    timeUnixNano: ns(startMs),
    observedTimeUnixNano: ns(startMs),
    eventName: event,
    attributes: attributes({
      "network.transport": "tcp",
      "network.type": "ipv4",
      "process.pid": 42,
      ...values,
    }),
  };
}

/** shopLogs are a log record per order, one more per failure, and TCP events with and without a known other end. */
export function shopLogs(startMs: number): Uint8Array {
  const orders = Array.from({ length: shopTraces }, (_, order) => order);
  const line = (order: number, span: number, severityNumber: number, body: string): Input<LogRecord> => ({
    timeUnixNano: ns(startMs + order * 1000 + 40),
    severityNumber,
    severityText: severityNumber >= 17 ? "ERROR" : "INFO",
    body: { stringValue: body },
    traceId: traceIdOf(order),
    spanId: spanIdOf(order, span),
    attributes: attributes({ order }),
  });
  const out = {
    "go3s.tcp.role": "client",
    "network.local.address": "10.0.0.1",
    "network.local.port": 40001,
    "network.peer.address": "10.0.0.2",
    "network.peer.port": 8080,
    "peer.service": "checkout",
  };
  const incoming = {
    "go3s.tcp.role": "server",
    "network.local.address": "10.0.0.1",
    "network.local.port": 80,
    "network.peer.address": "10.0.0.9",
    "network.peer.port": 51000,
  };
  const closed = {
    "go3s.tcp.bytes_sent": 1000,
    "go3s.tcp.bytes_received": 5000,
    "go3s.tcp.duration_ns": 2_000_000,
  };
  const refused = {
    "go3s.tcp.role": "client",
    "network.peer.address": "10.0.0.5",
    "network.peer.port": 6379,
    "error.type": "ECONNREFUSED",
  };
  const byService: Readonly<Record<string, readonly Input<LogRecord>[]>> = {
    gateway: [
      tcp(startMs + 1, "tcp.connect", { ...out, "go3s.tcp.connect_ns": 300_000 }),
      tcp(startMs + 9, "tcp.close", { ...out, ...closed }),
      tcp(startMs + 2, "tcp.connect", incoming),
    ],
    checkout: [
      tcp(startMs + 1, "tcp.connect", {
        ...incoming,
        "peer.service": "gateway",
        "network.peer.address": "10.0.0.1",
      }),
      ...orders.map((order) => line(order, 3, 9, `cart priced for order ${order}`)),
    ],
    payments: orders
      .filter((order) => order % 10 === 3)
      .map((order) => line(order, 7, 17, "payment failed: card declined")),
    worker: [tcp(startMs + 3, "tcp.connect", refused)],
  };
  return encodeProtobuf(ExportLogsServiceRequest, {
    resourceLogs: Object.entries(byService).map(([service, logRecords]) => ({
      resource: { attributes: attributes({ "service.name": service, "host.name": "shop-1" }) },
      scopeLogs: [{ scope: { name: "shop" }, logRecords }],
    })),
  });
}
