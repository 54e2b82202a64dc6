// OTLP/JSON by hand: what the tests send is made without the code that they test.

/** Attribute is one key and value. */
export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

/** Span as OTLP/JSON writes it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number; readonly message?: string };
  readonly events?: readonly {
    readonly timeUnixNano: string;
    readonly name: string;
    readonly attributes: readonly Attribute[];
  }[];
}

/** LogRecord as OTLP/JSON writes it. */
export interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName?: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
  readonly traceId?: string;
  readonly spanId?: string;
}

/** Batch collects what is sent, by service. */
export interface Batch {
  readonly spans: Map<string, Span[]>;
  readonly logs: Map<string, LogRecord[]>;
}

/** Span kinds by their OTLP numbers. */
export const server = 2;
export const client = 3;
export const internal = 1;

/** ns gives Unix nanoseconds of milliseconds with a fraction. */
export const ns = (ms: number): string =>
  `${Math.floor(ms)}${String(Math.round((ms % 1) * 1e6)).padStart(6, "0")}`;

/** attributes turns a record into OTLP attributes. */
export function attributes(of: Readonly<Record<string, string | number>>): readonly Attribute[] {
  return Object.entries(of).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** push appends to the list of a service. */
export function push<T>(map: Map<string, T[]>, service: string, item: T): void {
  const list = map.get(service);
  if (list === undefined) map.set(service, [item]);
  else list.push(item);
}

/** post sends a body; anything but 2xx is an error. */
export async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}

/** resource makes the resource of a service. */
export const resource = (service: string) => ({
  attributes: attributes({
    "service.name": service,
    "host.name": "shop-1",
    "service.version": service === "payment" ? "1.8.3" : "1.4.0",
  }),
});
