import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ExportTraceServiceRequest,
  encodeProtobuf,
  FUSED,
  InstrumentationScope,
  KeyValue,
  Resource,
  Span,
} from "@go3s/telemetry";
import fc from "fast-check";
import { TracesIngest } from "./traces.js";

const scope = { name: "a.scope" };
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
type Attribute = ReturnType<typeof attribute>;

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
const field = (number: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(content.length)]), content]);
const refs = (numbers: readonly number[]): Buffer =>
  numbers.length === 0 ? Buffer.alloc(0) : field(FUSED.REFS, Buffer.from(numbers.flatMap(varint)));

/** Request is a dictionary, the resource's numbers, and spans: numbers of the dictionary first, then attributes of their own. */
interface Request {
  readonly dictionary: readonly string[];
  readonly resource: readonly number[];
  readonly spans: readonly { readonly numbers: readonly number[]; readonly own: readonly string[] }[];
}

const named = ({ dictionary }: Request, numbers: readonly number[]): Attribute[] =>
  numbers.map((number) => attribute(`named.${number % 5}`, dictionary[number] ?? ""));
const own = (values: readonly string[]): Attribute[] =>
  values.map((value, i) => attribute(`own.${i}`, value));
const spanOf = (i: number, attributes: readonly Attribute[]) => ({
  traceId: "0a".repeat(16),
  spanId: (i + 1).toString(16).padStart(16, "0"),
  name: "x",
  startTimeUnixNano: 5n,
  endTimeUnixNano: 6n,
  attributes,
});

function plain(request: Request): Uint8Array {
  const spans = request.spans.map((each, i) =>
    spanOf(i, [...named(request, each.numbers), ...own(each.own)]),
  );
  const resource = { attributes: named(request, request.resource) };
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }],
  });
}

function fused(request: Request): Uint8Array {
  const entries = request.dictionary.map((value, number) =>
    field(FUSED.DICTIONARY, encodeProtobuf(KeyValue, attribute(`named.${number % 5}`, value))),
  );
  const spans = request.spans.map(({ numbers, own: values }, i) =>
    field(2, Buffer.concat([refs(numbers), encodeProtobuf(Span, spanOf(i, own(values)))])),
  );
  const scopeSpans = Buffer.concat([field(1, encodeProtobuf(InstrumentationScope, scope)), ...spans]);
  const resource = Buffer.concat([refs(request.resource), encodeProtobuf(Resource, {})]);
  return Buffer.concat([...entries, field(1, Buffer.concat([field(1, resource), field(2, scopeSpans)]))]);
}

const entries = 12;
const numbers = fc.array(fc.nat(entries - 1), { maxLength: 6 });
// A few lists, so that the same ones come again and again.
const request = fc
  .record({
    dictionary: fc.array(fc.string({ maxLength: 12 }), { minLength: entries, maxLength: entries }),
    resource: numbers,
    lists: fc.array(numbers, { minLength: 1, maxLength: 4 }),
    spans: fc.array(
      fc.record({ list: fc.nat(3), own: fc.array(fc.string({ maxLength: 8 }), { maxLength: 2 }) }),
      {
        minLength: 1,
        maxLength: 20,
      },
    ),
  })
  .map(
    ({ lists, spans, ...rest }): Request => ({
      ...rest,
      spans: spans.map(({ list, own: values }) => ({
        numbers: lists[list % lists.length] ?? [],
        own: values,
      })),
    }),
  );

function blockOf(bodies: readonly Uint8Array[], isFused: boolean, undone: number): Buffer {
  const ingest = new TracesIngest();
  for (const [i, body] of bodies.entries()) {
    const appended = ingest.append(body, { fused: isFused, receivedMs: 0 });
    if (i === undone) ingest.undo(appended);
  }
  return Buffer.from(ingest.take()?.bytes ?? []);
}

test("lists that come again mean the same, each request by its own dictionary, also after one was taken back", () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), fc.nat(8), (requests, undone) => {
      const expected = blockOf(requests.map(plain), false, undone);
      assert.deepEqual(blockOf(requests.map(fused), true, undone), expected);
    }),
    { numRuns: 150 },
  );
});

test("what lists name counts against the limit of a block however often they come", () => {
  const dictionary = ["a".repeat(1 << 20), ...Array.from({ length: entries - 1 }, () => "")];
  const span = { numbers: [0, 1], own: [] };
  const many = { dictionary, resource: [], spans: Array.from({ length: 400 }, () => span) };
  assert.throws(() => new TracesIngest().append(fused(many), { fused: true }), { code: "request-too-large" });
});
