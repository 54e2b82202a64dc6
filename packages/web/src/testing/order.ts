import { attributes, type Batch, ns, push } from "./otlp-json.js";

/** Order makes the spans of one request as a tree; each call returns when it ended. */
export class Order {
  readonly #batch: Batch;
  readonly #random: () => number;
  readonly #trace: string;
  #count = 0;

  constructor(batch: Batch, random: () => number, trace: string) {
    this.#batch = batch;
    this.#random = random;
    this.#trace = trace;
  }

  /** span adds one span; `inside` makes its children and gives when they ended. */
  span(
    service: string,
    parent: string,
    name: string,
    kind: number,
    start: number,
    own: number,
    more: Readonly<Record<string, string | number>>,
    inside?: (id: string, from: number) => number,
    failure = "",
  ): number {
    const id = `${this.#trace.slice(0, 12)}${(++this.#count).toString(16).padStart(4, "0")}`;
    const head = own * (0.2 + 0.3 * this.#random());
    const until = inside === undefined ? start + head : inside(id, start + head);
    const end = until + (own - head);
    push(this.#batch.spans, service, {
      traceId: this.#trace,
      spanId: id,
      parentSpanId: parent,
      name,
      kind,
      startTimeUnixNano: ns(start),
      endTimeUnixNano: ns(end),
      attributes: attributes(more),
      status: failure === "" ? {} : { code: 2, message: failure },
      ...(failure === ""
        ? {}
        : {
            events: [
              {
                timeUnixNano: ns(end - 0.2),
                name: "exception",
                attributes: attributes({ "exception.type": "net.OpError", "exception.message": failure }),
              },
            ],
          }),
    });
    return end;
  }

  log(
    service: string,
    id: string,
    at: number,
    severity: number,
    text: string,
    more: Readonly<Record<string, string | number>> = {},
  ): void {
    push(this.#batch.logs, service, {
      timeUnixNano: ns(at),
      severityNumber: severity,
      severityText: severity >= 17 ? "ERROR" : severity >= 13 ? "WARN" : "INFO",
      body: { stringValue: text },
      attributes: attributes(more),
      traceId: this.#trace,
      spanId: id,
    });
  }
}
