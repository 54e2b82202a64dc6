import { FUSED } from "@go3s/telemetry";
import { type Field, fieldsOf, varint, write } from "./mutate.js";

/** OtlpRequests are Export requests of the three signals, in protobuf. */
export interface OtlpRequests {
  readonly traces: Uint8Array;
  readonly logs: Uint8Array;
  readonly metrics: Uint8Array;
}

type Step = (field: Field) => Field;

/** Where the points of a Metric's data lie: field of Metric, and the field of their attributes (metrics.proto). */
const POINT_ATTRIBUTES: Readonly<Record<number, number>> = { 5: 7, 7: 7, 9: 9, 10: 1, 11: 7 };

function inside(content: Buffer, step: Step): Buffer {
  const fields = fieldsOf(content);
  if (fields === undefined) throw new TypeError("it is no message");
  return write(fields.map(step));
}

/** Dictionary numbers attributes by their bytes; those that come only once stay where they are, unless `all` are wanted. */
class Dictionary {
  readonly #uses = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  readonly #all: boolean;
  readonly entries: Buffer[] = [];

  constructor(all: boolean) {
    this.#all = all;
  }

  count(content: Buffer): void {
    const key = content.toString("latin1");
    this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
  }

  /** refer replaces a message's attributes by their numbers. */
  refer(content: Buffer, attributes: number): Buffer {
    const numbers: Buffer[] = [];
    const others = (fieldsOf(content) ?? []).filter((field) => {
      if (field.number !== attributes || field.wire !== 2) return true;
      const key = field.content.toString("latin1");
      if (!this.#all && (this.#uses.get(key) ?? 0) < 2) return true;
      let number = this.#numbers.get(key);
      if (number === undefined) {
        number = this.entries.push(field.content) - 1;
        this.#numbers.set(key, number);
      }
      numbers.push(varint(number));
      return false;
    });
    if (numbers.length > 0) others.push({ number: FUSED.REFS, wire: 2, content: Buffer.concat(numbers) });
    return write(others);
  }
}

/** walk goes to everything of a request that has attributes. */
function walk(
  signal: keyof OtlpRequests,
  request: Uint8Array,
  visit: (content: Buffer, attributes: number) => Buffer,
): Buffer {
  const into = (number: number, step: (content: Buffer) => Buffer, other: Step = (field) => field): Step => {
    return (field) =>
      field.number === number && field.wire === 2 ? { ...field, content: step(field.content) } : other(field);
  };
  const metric = (content: Buffer): Buffer =>
    inside(content, (field) => {
      const attributes = POINT_ATTRIBUTES[field.number];
      if (attributes === undefined || field.wire !== 2) return field;
      return {
        ...field,
        content: inside(
          field.content,
          into(1, (point) => visit(point, attributes)),
        ),
      };
    });
  const item = (content: Buffer): Buffer =>
    signal === "metrics" ? metric(content) : visit(content, signal === "traces" ? 9 : 6);
  const scope = (content: Buffer): Buffer => inside(content, into(2, item));
  const resource = (content: Buffer): Buffer =>
    inside(
      content,
      into(
        2,
        scope,
        into(1, (own) => visit(own, 1)),
      ),
    );
  return inside(Buffer.from(request), into(1, resource));
}

/** fuseOtlp makes one request of docs/fused-otlp.md of three. With `all` even what comes once is named by number. */
export function fuseOtlp(requests: OtlpRequests, all = false): Buffer {
  const dictionary = new Dictionary(all);
  const signals = ["traces", "logs", "metrics"] as const;
  for (const signal of signals)
    walk(signal, requests[signal], (content, attributes) => {
      for (const field of fieldsOf(content) ?? [])
        if (field.number === attributes) dictionary.count(field.content);
      return content;
    });
  const fields: Field[] = [];
  for (const signal of signals) {
    const fused = walk(signal, requests[signal], (content, attributes) =>
      dictionary.refer(content, attributes),
    );
    for (const { content } of fieldsOf(fused) ?? [])
      fields.push({ number: FUSED.SIGNAL[signal], wire: 2, content });
  }
  const entries = dictionary.entries.map((content) => ({ number: FUSED.DICTIONARY, wire: 2, content }));
  return write([...entries, ...fields]);
}
