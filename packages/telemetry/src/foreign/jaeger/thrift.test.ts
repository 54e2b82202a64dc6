import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TelemetryError } from "../../errors.js";
import {
  jaegerBatch,
  jaegerTag,
  type ThriftValue,
  thriftBytes,
  thriftCall,
} from "../../testing/thrift-writer.js";
import { jaegerDatagramToOtlp, jaegerThriftToOtlp } from "./thrift.js";
import { THRIFT, ThriftReader } from "./thrift-reader.js";

const TRACE = 0x463a_c35c_9f64_13adn;
const sample = jaegerBatch(
  "shop",
  [jaegerTag("hostname", "box"), jaegerTag("jaeger.version", "Go-2.30"), jaegerTag("cpus", 4n)],
  [
    {
      name: "GET /cart",
      parent: 0x11n,
      tags: [
        jaegerTag("span.kind", "server"),
        jaegerTag("error", true),
        jaegerTag("otel.status_description", "no luck"),
        jaegerTag("otel.scope.name", "peer"),
        jaegerTag("otel.scope.version", "1.2"),
        jaegerTag("w3c.tracestate", "a=1"),
        jaegerTag("ratio", 0.25),
        jaegerTag("raw", Uint8Array.of(1, 2, 255)),
      ],
      logs: [
        { micros: 1_700_000_000_000_100n, fields: [jaegerTag("event", "half way"), jaegerTag("n", 1n)] },
      ],
      references: [
        { kind: 0, low: TRACE, id: 0x11n },
        { kind: 1, low: 5n, id: 6n },
      ],
    },
    { name: "bare", traceHigh: -1n, id: 2n },
  ],
);
const args: ThriftValue = { type: "struct", fields: { 1: sample } };

describe("Jaeger's batch in Thrift", () => {
  test("everything in it finds its place, in both protocols and in both frames", () => {
    const request = jaegerThriftToOtlp(thriftBytes(sample, "binary"));
    const [resource] = request.resourceSpans ?? [];
    assert.deepEqual(resource?.resource?.attributes, [
      { key: "service.name", value: { stringValue: "shop" } },
      { key: "cpus", value: { intValue: 4n } },
      { key: "host.name", value: { stringValue: "box" } },
      { key: "opencensus.exporterversion", value: { stringValue: "Jaeger-Go-2.30" } },
    ]);
    assert.deepEqual(
      resource?.scopeSpans?.map((each) => each.scope),
      [
        { name: "peer", version: "1.2" },
        { name: "", version: "" },
      ],
    );
    assert.deepEqual(resource?.scopeSpans?.[0]?.spans?.[0], {
      traceId: "0000000000000000463ac35c9f6413ad",
      spanId: "a4fa63906f35c10e",
      parentSpanId: "0000000000000011",
      traceState: "a=1",
      name: "GET /cart",
      kind: 2,
      startTimeUnixNano: 1_700_000_000_000_000_000n,
      endTimeUnixNano: 1_700_000_000_001_500_000n,
      attributes: [
        { key: "ratio", value: { doubleValue: 0.25 } },
        { key: "raw", value: { bytesValue: Buffer.from([1, 2, 255]) } },
      ],
      events: [
        {
          timeUnixNano: 1_700_000_000_000_100_000n,
          name: "half way",
          attributes: [{ key: "n", value: { intValue: 1n } }],
        },
      ],
      links: [
        {
          traceId: "00000000000000000000000000000005",
          spanId: "0000000000000006",
          attributes: [{ key: "opentracing.ref_type", value: { stringValue: "follows_from" } }],
        },
      ],
      status: { code: 2, message: "no luck" },
    });
    const bare = resource?.scopeSpans?.[1]?.spans?.[0];
    assert.equal(bare?.traceId, "ffffffffffffffff463ac35c9f6413ad");
    for (const protocol of ["binary", "compact"] as const)
      assert.deepEqual(jaegerDatagramToOtlp(thriftCall("emitBatch", args, protocol)), request);
  });

  const spanOf = (
    tags: readonly ThriftValue[],
    references: { kind: number; low: bigint; id: bigint }[] = [],
  ) =>
    jaegerThriftToOtlp(thriftBytes(jaegerBatch("s", [], [{ name: "x", tags, references }]), "binary"))
      .resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0];

  test("a status is told by the error tag, then by OpenTelemetry's, then by HTTP's", () => {
    const status = (...tags: ThriftValue[]) => spanOf(tags)?.status;
    assert.equal(status(), undefined);
    assert.equal(status(jaegerTag("error", false)), undefined);
    assert.deepEqual(status(jaegerTag("error", "true")), { code: 2, message: "" });
    assert.deepEqual(status(jaegerTag("error", true), jaegerTag("otel.status_code", "OK")), {
      code: 2,
      message: "",
    });
    assert.deepEqual(status(jaegerTag("otel.status_code", "ok"), jaegerTag("http.status_code", 500n)), {
      code: 1,
      message: "",
    });
    assert.deepEqual(status(jaegerTag("http.status_code", "503"), jaegerTag("http.status_message", "no")), {
      code: 2,
      message: "no",
    });
    assert.equal(status(jaegerTag("http.status_code", 404n), jaegerTag("span.kind", "server")), undefined);
    assert.equal(status(jaegerTag("http.status_code", 404n), jaegerTag("span.kind", "client"))?.code, 2);
  });

  test("without a parent the references tell one: CHILD_OF before FOLLOWS_FROM, of the same trace only", () => {
    const span = spanOf(
      [],
      [
        { kind: 0, low: 9n, id: 1n },
        { kind: 1, low: TRACE, id: 2n },
        { kind: 0, low: TRACE, id: 3n },
      ],
    );
    assert.equal(span?.parentSpanId, "0000000000000003");
    assert.deepEqual(
      span?.links?.map((each) => each.spanId),
      ["0000000000000001", "0000000000000002"],
    );
    assert.equal(spanOf([], [{ kind: 1, low: TRACE, id: 2n }])?.parentSpanId, "0000000000000002");
  });
});

describe("broken Thrift", () => {
  for (const protocol of ["binary", "compact"] as const)
    test(`cut at every byte, ${protocol} is truncated, never read beyond its end`, () => {
      const whole = thriftCall("emitBatch", args, protocol);
      for (let length = 0; length < whole.length; length++)
        assert.throws(
          () => jaegerDatagramToOtlp(whole.subarray(0, length)),
          (error) => error instanceof TelemetryError && error.code === "truncated-thrift",
          `cut at ${length} of ${whole.length}`,
        );
    });

  test("any bytes are a batch or a TelemetryError", () => {
    const wholes = [thriftCall("emitBatch", args, "binary"), thriftCall("emitBatch", args, "compact")];
    const harmed = fc
      .tuple(
        fc.constantFrom(...wholes),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      )
      .map(([whole, changes]) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(harmed, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          jaegerDatagramToOtlp(bytes);
        } catch (error) {
          assert.ok(error instanceof TelemetryError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });

  const refused = (bytes: Uint8Array, says: RegExp) =>
    assert.throws(
      () => jaegerDatagramToOtlp(bytes),
      (error) => error instanceof TelemetryError && says.test(error.message),
    );

  test("what claims more than it has, nests without end or calls something else is refused", () => {
    refused(thriftCall("emitZipkinBatch", args, "compact"), /emitZipkinBatch/);
    refused(thriftCall("emitBatch", { type: "struct", fields: {} }, "compact"), /emitBatch has no batch/);
    const list = Buffer.concat([
      thriftCall("emitBatch", args, "binary").subarray(0, 21),
      Buffer.from("0c00010f00020c7fffffff", "hex"),
    ]);
    refused(list, /the bytes end/);
    const nested = Buffer.concat([
      thriftCall("emitBatch", args, "binary").subarray(0, 21),
      Buffer.alloc(3000, "0c0009", "hex"),
    ]);
    refused(nested, /64 levels/);
    // A list in lists in lists: no struct in between.
    const lists = Buffer.concat([
      thriftCall("emitBatch", args, "compact").subarray(0, 13),
      Buffer.from([0x29]),
      Buffer.alloc(500, 0x19),
    ]);
    refused(lists, /64 levels/);
  });

  test("fields that nobody knows are passed over, whatever their type", () => {
    const more: ThriftValue = {
      type: "struct",
      fields: {
        ...(sample.type === "struct" ? sample.fields : {}),
        20: {
          type: "map",
          entries: [
            [
              { type: "i16", value: 3 },
              { type: "list", of: "bool", items: [{ type: "bool", value: true }] },
            ],
          ],
        },
        21: {
          type: "set",
          of: "double",
          items: Array.from({ length: 20 }, (_, value) => ({ type: "double", value })),
        },
        22: { type: "map", entries: [] },
        23: { type: "bool", value: true },
        24: { type: "byte", value: -1 },
        300: { type: "struct", fields: { 1: { type: "i16", value: -5 } } },
      },
    };
    const plain = jaegerThriftToOtlp(thriftBytes(sample, "binary"));
    for (const protocol of ["binary", "compact"] as const)
      assert.deepEqual(
        jaegerDatagramToOtlp(thriftCall("emitBatch", { type: "struct", fields: { 1: more } }, protocol)),
        plain,
      );
  });
});

test("numbers of every size come back from both protocols", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double(),
      fc.constantFrom("binary", "compact"),
      (long, double, protocol) => {
        const value: ThriftValue = {
          type: "struct",
          fields: {
            1: { type: "i64", value: long },
            2: { type: "double", value: double },
            3: { type: "bool", value: true },
          },
        };
        const reader = new ThriftReader(thriftBytes(value, protocol), protocol);
        reader.begin();
        assert.equal(reader.next(), 1);
        assert.equal(reader.i64(), long);
        assert.equal(reader.next(), 2);
        assert.ok(Object.is(reader.double(), double));
        assert.equal(reader.next(), 3);
        assert.equal(reader.type, THRIFT.BOOL);
        assert.equal(reader.bool(), true);
        assert.equal(reader.next(), undefined);
        assert.ok(reader.done);
      },
    ),
  );
});
