import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  decodeProtobuf,
  ExportTraceServiceRequest,
  encodeProtobuf,
  FUSED,
  FusedSpanWriter,
  InstrumentationScope,
  KeyValue,
  Resource,
  type SpanShare,
  SpanWriter,
} from "@go3s/telemetry";
import fc from "fast-check";
import { EngineReader } from "../testing/engine-reader.js";
import { expectedTraces } from "../testing/expected-rows.js";
import { TracesIngest } from "./traces.js";

const engine = new EngineReader();
after(() => engine.close());

const resource = { attributes: [{ key: "service.name", value: { stringValue: "fused" } }] };
const scope = { name: "a.scope", version: "1" };

/** What a span says besides ids and times. */
const part = fc.record({
  name: fc.string({ maxLength: 20 }),
  kind: fc.nat(5),
  traceState: fc.constantFrom("", "a=b"),
  message: fc.constantFrom("", "broke"),
  values: fc.array(fc.string({ maxLength: 40 }), { maxLength: 6 }),
});
/** A span: its part, whether it has a parent, and whether the trace id is none. */
const span = fc.record({ part: fc.nat(3), parent: fc.boolean(), valid: fc.boolean(), length: fc.nat(1000) });

interface Given {
  readonly parts: readonly {
    name: string;
    kind: number;
    traceState: string;
    message: string;
    values: string[];
  }[];
  readonly spans: readonly { part: number; parent: boolean; valid: boolean; length: number }[];
}

const attributesOf = (values: readonly string[]) =>
  values.map((value, i) => ({ key: `key.${i}`, value: { stringValue: value } }));

function plain({ parts, spans }: Given): Uint8Array {
  const written = spans.map((each, i) => {
    const { name, kind, traceState, message, values } = parts[each.part] ?? assert.fail();
    return {
      traceId: (each.valid ? "0a" : "00").repeat(16),
      spanId: "0b".repeat(7) + (i + 1).toString(16).padStart(2, "0"),
      parentSpanId: each.parent ? "0c".repeat(8) : "",
      flags: 0x101,
      name,
      kind,
      traceState,
      startTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i),
      endTimeUnixNano: 1_790_000_000_000_000_000n + BigInt(i + each.length),
      attributes: attributesOf(values),
      ...(message === "" ? {} : { status: { code: 2, message } }),
    };
  });
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [{ resource, scopeSpans: [{ scope, spans: written }] }],
  });
}

function fused({ parts, spans }: Given, writer: FusedSpanWriter, shares: SpanShare[]): Uint8Array {
  writer.reset();
  writer.beginResource(encodeProtobuf(Resource, resource));
  writer.beginScope(encodeProtobuf(InstrumentationScope, scope));
  const start = 1_790_000_000_000_000_000n;
  const half = (value: bigint): [number, number] => [
    Number(BigInt.asUintN(32, value)),
    Number(BigInt.asUintN(32, value >> 32n)),
  ];
  for (const [i, each] of spans.entries()) {
    const { name, kind, traceState, message, values } = parts[each.part] ?? assert.fail();
    writer.beginSpan();
    writer.traceId(new Uint8Array(16).fill(each.valid ? 0x0a : 0), 0);
    writer.spanId(Uint8Array.from([11, 11, 11, 11, 11, 11, 11, i + 1]), 0);
    if (each.parent) writer.parentSpanId(new Uint8Array(8).fill(0x0c), 0);
    writer.flags(0x101);
    writer.startTime(...half(start + BigInt(i)));
    writer.endTime(...half(start + BigInt(i + each.length)));
    const share = shares[each.part] ?? assert.fail();
    if (!writer.shareAgain(share)) {
      if (traceState !== "") writer.traceState(traceState);
      writer.name(name);
      if (kind !== 0) writer.kind(kind);
      for (const attribute of attributesOf(values))
        writer.encodedAttribute(encodeProtobuf(KeyValue, attribute));
      if (message !== "") writer.status(2, message);
      writer.keepShare(share);
    }
    writer.endSpan();
  }
  assert.equal(writer.count, spans.length);
  return writer.finish();
}

const given = fc.record({
  parts: fc.array(part, { minLength: 4, maxLength: 4 }),
  spans: fc.array(span, { minLength: 1, maxLength: 30 }),
});

test("a fused request becomes the rows that the plain one becomes", () => {
  const writer = new FusedSpanWriter();
  // Shares live longer than requests, as a connection's does.
  const shares: SpanShare[] = [0, 1, 2, 3].map(() => ({ request: 0, index: 0 }));
  fc.assert(
    fc.property(given, (each) => {
      for (const share of shares) share.request = -1;
      const ingest = new TracesIngest();
      const long = plain(each);
      const { rows, rejected } = ingest.append(fused(each, writer, shares), { tenant: "acme", fused: true });
      const wanted = expectedTraces(decodeProtobuf(ExportTraceServiceRequest, long), "acme");
      assert.equal(rows, wanted.length);
      const invalid = each.spans.length - wanted.length;
      assert.equal(rejected.get("invalid-trace-id") ?? 0, invalid);
      const block = ingest.take();
      if (block === undefined) return;
      const got = engine.rows("traces", [block.bytes]);
      for (const [i, row] of wanted.entries()) assert.deepEqual(got[i], row);
    }),
    { numRuns: 40 },
  );
});

test("a span with links stands among rows as in a plain request", () => {
  const written = [new FusedSpanWriter(), new SpanWriter()].map((writer) => {
    writer.beginResource(encodeProtobuf(Resource, resource));
    writer.beginScope(encodeProtobuf(InstrumentationScope, scope));
    const ids = new Uint8Array(32).fill(0x0a);
    for (const links of [0, 2, 0]) {
      writer.beginSpan();
      writer.traceId(ids, 0);
      writer.spanId(ids, 16);
      if (links > 0) writer.parentSpanId(ids, 24);
      writer.flags(0x101);
      writer.startTime(0, 0x18d00000);
      writer.endTime(1000, 0x18d00000);
      writer.name("poll orders");
      for (let i = 0; i < links; i++) writer.link(ids, 0, 8, 0x301, "a=b");
      if (links > 0) writer.droppedLinks(3);
      writer.endSpan();
    }
    return writer.finish();
  });
  const [request, long] = written;
  const ingest = new TracesIngest();
  ingest.append(request ?? assert.fail(), { tenant: "acme", fused: true });
  const got = engine.rows("traces", [ingest.take()?.bytes ?? assert.fail()]);
  const wanted = expectedTraces(decodeProtobuf(ExportTraceServiceRequest, long ?? assert.fail()), "acme");
  // Own spans come before a scope's rows.
  const [plainFirst, linked, plainLast] = wanted;
  assert.deepEqual(got, [linked, plainFirst, plainLast]);
});

test("shares of an earlier request are not taken for those of this one", () => {
  const writer = new FusedSpanWriter();
  const shares: SpanShare[] = [0, 1, 2, 3].map(() => ({ request: 0, index: 0 }));
  const parts = ["a", "b", "c", "d"].map((name) => ({
    name,
    kind: 2,
    traceState: "",
    message: "",
    values: [name],
  }));
  const order = [[0, 1, 0], [1, 1, 0], [3]];
  const ingest = new TracesIngest();
  for (const picks of order) {
    const spans = picks.map((pick) => ({ part: pick, parent: false, valid: true, length: 1 }));
    ingest.append(fused({ parts, spans }, writer, shares), { fused: true });
  }
  const rows = engine.rows("traces", [ingest.take()?.bytes ?? assert.fail()]);
  assert.deepEqual(
    rows.map((row) => row["operation"]),
    order.flat().map((pick) => parts[pick]?.name),
  );
});

const anyGiven: Given = {
  parts: ["a", "b", "c", "d"].map((name) => ({ name, kind: 2, traceState: "", message: "", values: [name] })),
  spans: [0, 1, 2, 3, 0].map((pick) => ({ part: pick, parent: true, valid: true, length: 1 })),
};
const newShares = (): SpanShare[] => [0, 1, 2, 3].map(() => ({ request: 0, index: 0 }));

test("cut or changed anywhere it is taken or refused whole, and leaves a sound block", () => {
  const whole = fused(anyGiven, new FusedSpanWriter(), newShares()).slice();
  const ingest = new TracesIngest();
  const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255), cut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let bytes = whole.slice();
      for (const { at, to, cut } of changes) {
        if (cut) bytes = bytes.slice(0, at);
        else if (at < bytes.length) bytes[at] = to;
      }
      try {
        ingest.append(bytes, { fused: true });
      } catch (error) {
        assert.match(String(error), /TelemetryError|StoreError/);
      }
    }),
    { numRuns: 2000 },
  );
  const block = ingest.take();
  if (block !== undefined) assert.equal(engine.count("traces", block.bytes), block.rows);
});

test("what a shared part may not hold, rows that are cut, and rows of no shared part are refused by name", () => {
  const ingest = new TracesIngest();
  const message = (field: number, content: readonly number[]): number[] => [
    (field << 3) | 2,
    content.length,
    ...content,
  ];
  const request = (...content: number[]): Uint8Array => Uint8Array.from(message(1, message(2, content)));
  const refused = (bytes: Uint8Array, text: RegExp): void => {
    assert.throws(() => ingest.append(bytes, { fused: true }), text);
  };
  refused(request(...message(FUSED.SHARED, message(1, new Array(16).fill(1)))), /field 1 of a span/);
  refused(request(...message(FUSED.SHARED, message(11, []))), /field 11 of a span/);
  refused(request(...message(FUSED.ROWS, new Array(55).fill(1))), /55 bytes are no whole number/);
  refused(request(...message(FUSED.ROWS, new Array(56).fill(1))), /shared part \d+ of 0/);
  assert.equal(ingest.take(), undefined);
  // To a plain receiver these are fields of a later OTLP, which it passes over.
  assert.equal(ingest.append(request(...message(FUSED.ROWS, new Array(56).fill(1)))).rows, 0);
});

test("a long shared part and many short rows do not fill the memory", () => {
  const writer = new FusedSpanWriter();
  const parts = [0, 1, 2, 3].map(() => ({
    name: "x",
    kind: 1,
    traceState: "",
    message: "",
    values: ["v".repeat(200_000)],
  }));
  const spans = Array.from({ length: 3_000 }, () => ({ part: 0, parent: false, valid: true, length: 1 }));
  const bytes = fused({ parts, spans }, writer, newShares());
  assert.throws(() => new TracesIngest().append(bytes, { fused: true }), /bytes of shared parts times rows/);
});
