import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  decodeProtobuf,
  ExportProfilesServiceRequest,
  encodeProtobuf,
  type Input,
  type ProfileSample,
  type ProfilesDictionary,
  TelemetryError,
} from "@go3s/telemetry";
import { arbitraryMessage } from "@go3s/telemetry/testing";
import fc from "fast-check";
import { StoreError } from "../errors.js";
import { EngineReader } from "../testing/engine-reader.js";
import { expectedProfiles, withIndices } from "../testing/expected-profiles.js";
import type { Row } from "../testing/expected-rows.js";
import { INGEST_LIMITS } from "./limits.js";
import { ProfilesIngest } from "./profiles.js";

const engine = new EngineReader();
after(() => engine.close());

const RECEIVED_MS = 1_790_000_000_123;
const OPTIONS = { tenant: "acme", receivedMs: RECEIVED_MS };
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const requests = arbitraryMessage(ExportProfilesServiceRequest).map(withIndices);

test("the engine reads the rows that the objects say, and each stack's frames once in a block", () => {
  const ingest = new ProfilesIngest();
  let compared = 0;
  fc.assert(
    fc.property(fc.array(requests, { minLength: 1, maxLength: 4 }), (given) => {
      const wanted = given.flatMap((request) => {
        const expected = expectedProfiles(request, OPTIONS.tenant, RECEIVED_MS);
        const { rows } = ingest.append(encodeProtobuf(ExportProfilesServiceRequest, request), OPTIONS);
        assert.equal(rows, expected.length);
        return expected;
      });
      const block = ingest.take();
      assert.equal(block?.rows ?? 0, wanted.length);
      if (block === undefined) return;
      const got = engine.rows("profiles", [block.bytes]);
      const framesById = new Map<unknown, unknown>([["0", []]]);
      for (const { stack_id, frames } of got) {
        if (!Array.isArray(frames) || frames.length === 0) continue;
        assert.ok(!framesById.has(stack_id), "frames of a stack came twice");
        framesById.set(stack_id, frames);
      }
      const idByFrames = new Map<string, unknown>();
      for (const [index, { row, frames }] of wanted.entries()) {
        const { stack_id, frames: _, ...rest } = got[index] ?? {};
        assert.deepEqual(rest, row);
        assert.deepEqual(framesById.get(stack_id), frames);
        const known = idByFrames.get(JSON.stringify(frames)) ?? stack_id;
        assert.equal(stack_id, known, "one stack has two numbers");
        idByFrames.set(JSON.stringify(frames), stack_id);
        if (frames.length > 0) compared++;
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(compared > 20, `only ${compared} rows had frames`);
});

test("with flipped or missing bytes it takes what the object decoder takes, or refuses and appends nothing", () => {
  const ingest = new ProfilesIngest();
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  let taken = 0;
  fc.assert(
    fc.property(requests, flips, fc.nat(), (value, changes, cut) => {
      const whole = encodeProtobuf(ExportProfilesServiceRequest, value);
      const bytes = cut % 4 === 0 ? whole.slice(0, cut % (whole.length + 1)) : whole;
      for (const [position, flip] of changes) {
        const at = position % Math.max(1, bytes.length);
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ flip;
      }
      const before = ingest.rows;
      let rows = 0;
      try {
        rows = ingest.append(bytes, OPTIONS).rows;
      } catch (error) {
        assert.ok(error instanceof TelemetryError || error instanceof StoreError, String(error));
        assert.equal(ingest.rows, before);
        return;
      }
      taken += rows;
      let decoded: ExportProfilesServiceRequest;
      try {
        decoded = decodeProtobuf(ExportProfilesServiceRequest, bytes);
      } catch {
        // Entries of the dictionary that no sample names are not looked at.
        return;
      }
      assert.equal(rows, expectedProfiles(decoded, OPTIONS.tenant, RECEIVED_MS).length);
    }),
    // The same ones each time: what a decoder of objects makes of a message that comes twice is not what is tested.
    { numRuns: 700, seed: 31 },
  );
  assert.equal(ingest.rows, taken);
  const block = ingest.take();
  assert.ok(block !== undefined);
  assert.equal(engine.count("profiles", block.bytes), taken);
});

const strings = ["", "cpu", "ns", "main.work", "main.go", "/bin/app", "profile.frame.type", "go", "abc123"];
const buildId = "process.executable.build_id.gnu";

/** dictionary has one stack, main.work inlined into a function without a name, at 0x2010 of a binary loaded at `start`. */
function dictionary(start = 0x400000n): Input<ProfilesDictionary> {
  return {
    stringTable: [...strings, buildId, "thread.name"],
    functionTable: [{}, { nameStrindex: 3, filenameStrindex: 4 }, { systemNameStrindex: 1 }],
    mappingTable: [
      {},
      {
        memoryStart: start,
        memoryLimit: start + 0x10000n,
        fileOffset: 0x1000n,
        filenameStrindex: 5,
        attributeIndices: [2],
      },
    ],
    locationTable: [
      {},
      {
        mappingIndex: 1,
        address: start + 0x1010n,
        lines: [{ functionIndex: 1, line: 7n }, { functionIndex: 2 }],
        attributeIndices: [1],
      },
    ],
    attributeTable: [
      {},
      { keyStrindex: 6, value: { stringValueStrindex: 7 } },
      { keyStrindex: 9, value: { stringValue: "abc123" } },
      { keyStrindex: 10, value: { stringValue: "worker" } },
    ],
    linkTable: [{}, { traceId: TRACE, spanId: SPAN }],
    stackTable: [{}, { locationIndices: [1] }],
  };
}

function requestOf(
  samples: readonly Input<ProfileSample>[],
  tables: Input<ProfilesDictionary> = dictionary(),
): Uint8Array {
  return encodeProtobuf(ExportProfilesServiceRequest, {
    resourceProfiles: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        scopeProfiles: [
          { profiles: [{ sampleType: { typeStrindex: 1, unitStrindex: 2 }, timeUnixNano: 5n, samples }] },
        ],
      },
    ],
    dictionary: tables,
  });
}

function rowsOf(ingest: ProfilesIngest): readonly Row[] {
  const block = ingest.take();
  return block === undefined ? [] : engine.rows("profiles", [block.bytes]);
}

test("a stack is called the same wherever its binary was loaded, in any request's tables, in any run: it is on disk", () => {
  const ingest = new ProfilesIngest();
  const sample = { stackIndex: 1, linkIndex: 1, attributeIndices: [3], values: [10n] };
  ingest.append(requestOf([sample], dictionary()));
  ingest.append(requestOf([sample], dictionary(0x7f0000000000n)));
  ingest.append(requestOf([sample], dictionary(0xffffffff81000000n)));
  const rows = rowsOf(ingest);
  assert.deepEqual(
    rows.map((row) => row["stack_id"]),
    Array(3).fill("9358564178908880155"),
  );
  assert.deepEqual(rows[0]?.["frames"], [
    ["main.work", "main.go", 7, "/bin/app", "abc123", "8208", "go", 1],
    ["cpu", "", 0, "/bin/app", "abc123", "8208", "go", 0],
  ]);
  assert.deepEqual(rows[1]?.["frames"], []);
  const { trace_id, span_id, attributes, value, type, unit, service_name } = rows[0] ?? {};
  assert.deepEqual(
    { trace_id, span_id, attributes, value, type, unit, service_name },
    {
      trace_id: TRACE,
      span_id: SPAN,
      attributes: [["thread.name", "worker"]],
      value: "10",
      type: "cpu",
      unit: "ns",
      service_name: "shop",
    },
  );
});

test("two tenants in one block each get the stack's frames", () => {
  const ingest = new ProfilesIngest();
  for (const tenant of ["a", "b", "a"])
    ingest.append(requestOf([{ stackIndex: 1, values: [1n] }]), { tenant });
  assert.deepEqual(
    rowsOf(ingest).map(({ tenant, frames }) => [tenant, Array.isArray(frames) ? frames.length : 0]),
    [
      ["a", 2],
      ["b", 2],
      ["a", 0],
    ],
  );
});

test("a sample that names something outside of a table is rejected with its reason, the others are taken", () => {
  const good = { stackIndex: 1, values: [1n] };
  const broken = (change: Input<ProfilesDictionary>) => ({ ...dictionary(), ...change });
  const location = { mappingIndex: 1, lines: [{ functionIndex: 1 }] };
  const cases: readonly (readonly [string, Input<ProfileSample>, Input<ProfilesDictionary>])[] = [
    ["a stack outside of stack_table", { ...good, stackIndex: 2 }, {}],
    ["a stack outside of stack_table", { ...good, stackIndex: -1 }, {}],
    ["an attribute outside of attribute_table", { ...good, attributeIndices: [1, 4] }, {}],
    ["a link outside of link_table", { ...good, linkIndex: 2 ** 31 - 1 }, {}],
    ["neither values nor timestamps", { stackIndex: 1 }, {}],
    ["values and timestamps that differ in number", { ...good, timestampsUnixNano: [1n, 2n] }, {}],
    ["a location outside of location_table", good, broken({ stackTable: [{}, { locationIndices: [2] }] })],
    [
      "a mapping outside of mapping_table",
      good,
      broken({ locationTable: [{}, { ...location, mappingIndex: 2 }] }),
    ],
    [
      "a function outside of function_table",
      good,
      broken({ locationTable: [{}, { lines: [{ functionIndex: 3 }] }] }),
    ],
    ["a string outside of string_table", good, broken({ functionTable: [{}, { nameStrindex: 11 }, {}] })],
    ["an attribute outside of attribute_table", good, broken({ attributeTable: [{}] })],
    [
      `a stack of more than ${INGEST_LIMITS.framesPerStack} frames`,
      good,
      broken({ stackTable: [{}, { locationIndices: Array(INGEST_LIMITS.framesPerStack / 2 + 1).fill(1) }] }),
    ],
  ];
  for (const [reason, sample, tables] of cases) {
    const ingest = new ProfilesIngest();
    const isOfTables = Object.keys(tables).length > 0;
    const { rows, rejected } = ingest.append(
      requestOf(isOfTables ? [sample, { values: [2n] }] : [sample, good], isOfTables ? tables : dictionary()),
    );
    assert.deepEqual([...rejected], [[reason, 1]], reason);
    assert.equal(rows, 1);
    assert.equal(rowsOf(ingest).length, 1);
  }
});

test("numbers that are not packed, and tables in pieces before and behind the samples, are read alike", () => {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Uint8Array.of((number << 3) | 2, bytes.length), bytes]);
  // stack_index 1, two values and two times one by one.
  const time = Buffer.alloc(9);
  time[0] = (5 << 3) | 1;
  time.writeBigUInt64LE(9n, 1);
  const sample = Buffer.concat([Uint8Array.of(0x08, 1, 0x20, 5, 0x20, 6), time, time]);
  const profile = field(2, field(2, sample));
  const tables = (from: number, to: number) =>
    field(
      2,
      Buffer.concat(
        ["", "f"].slice(from, to).flatMap((text, i) => {
          const number = from + i;
          const location = number === 0 ? [] : [0x1a, 2, 0x08, 1];
          const named = number === 0 ? [] : [0x08, 1];
          const stack = number === 0 ? [] : [0x08, 1];
          return [
            field(5, Buffer.from(text)),
            field(2, Uint8Array.from(location)),
            field(3, Uint8Array.from(named)),
            field(7, Uint8Array.from(stack)),
          ];
        }),
      ),
    );
  const ingest = new ProfilesIngest();
  ingest.append(Buffer.concat([tables(0, 1), field(1, field(2, profile)), tables(1, 2)]), OPTIONS);
  const rows = rowsOf(ingest);
  assert.deepEqual(
    rows.map(({ value, timestamp_ns, frames }) => [value, timestamp_ns, frames]),
    [
      ["5", "9", [["f", "", 0, "", "", "0", "", 0]]],
      ["6", "9", []],
    ],
  );
});

test("few bytes do not fill the memory: rows, frames and attributes have limits", () => {
  const tooLarge = (error: unknown) => error instanceof StoreError && error.code === "request-too-large";
  const ingest = new ProfilesIngest();
  const values = Array<bigint>(INGEST_LIMITS.rowsPerRequest + 1).fill(1n);
  assert.throws(() => ingest.append(requestOf([{ stackIndex: 1, values }])), tooLarge);
  const attributed = { attributeIndices: Array<number>(1000).fill(3), values: values.slice(0, 20_000) };
  assert.throws(() => ingest.append(requestOf([attributed])), tooLarge);
  const deep = Array<number>(2000).fill(1);
  const many = {
    ...dictionary(),
    stackTable: [
      {},
      ...Array.from({ length: 1000 }, (_, i) => ({ locationIndices: deep.slice(0, 2000 - i) })),
    ],
  };
  const samples = Array.from({ length: 1000 }, (_, i) => ({ stackIndex: i + 1, values: [1n] }));
  assert.throws(() => ingest.append(requestOf(samples, many)), tooLarge);
  assert.equal(ingest.rows, 0);
  assert.equal(ingest.append(requestOf([{ stackIndex: 1, values: [1n] }])).rows, 1);
});
