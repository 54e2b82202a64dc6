import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest, encodeProtobuf, Resource } from "@go3s/telemetry";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { newMadeSpanWriter } from "./made-span-writer.js";
import type { MadeSpan } from "./made-spans.js";

const resource = encodeProtobuf(Resource, {
  attributes: [{ key: "service.name", value: { stringValue: "shop" } }],
});
const process = newProcessSpans({ tgid: 7, serviceName: "shop", resource, routes: newRouteTable() });
const made = (byte: number, hasParent: boolean): MadeSpan => ({
  process,
  tgid: 7,
  goid: 1,
  startNs: 1,
  endNs: 2,
  ids: new Uint8Array(32).fill(byte),
  hasParent,
  parts: [],
  received: 0,
});
const jsonOf = (span: object, scope = "shop"): Uint8Array =>
  Buffer.from(
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: scope }, spans: [span] }] }] }).replace(
      /"#(\d+)"/g,
      "$1",
    ),
  );

test("spans go out with our ids, by process and scope, with their times to the nanosecond", () => {
  const sent: { readonly body: Uint8Array; readonly items: number }[] = [];
  const writer = newMadeSpanWriter({
    send: (_signal, body, items) => void sent.push({ body, items }),
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  });
  const name = 'says "timeUnixNano":12345678901234567';
  const links = [
    { traceId: "", spanId: "" },
    { traceId: "0".repeat(32), spanId: "0".repeat(16) },
    { traceId: "a".repeat(32), spanId: "b".repeat(16) },
  ];
  const times = { startTimeUnixNano: "#946684800000000001", endTimeUnixNano: "#946684800000000003" };
  writer.write(made(1, false), jsonOf({ name, links, ...times }));
  writer.write(made(2, true), jsonOf({ name: "second", kind: 2, traceId: "0".repeat(32) }));
  writer.write(made(3, true), jsonOf({ name: "third" }, "other"));
  for (const broken of [
    "",
    "{",
    '{"resourceSpans":[]}',
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":3}]}]}]}',
  ])
    writer.write(made(4, false), Buffer.from(broken));
  assert.deepEqual(writer.dropped(), { "made-span-unreadable": 4 });
  assert.equal(process.spans, 3);
  writer.flush();
  writer.flush();
  assert.deepEqual(
    sent.map(({ items }) => items),
    [3],
  );
  const [group, ...rest] = decodeProtobuf(
    ExportTraceServiceRequest,
    sent[0]?.body ?? new Uint8Array(0),
  ).resourceSpans;
  assert.equal(rest.length, 0);
  assert.equal(group?.resource?.attributes[0]?.value?.stringValue, "shop");
  assert.deepEqual(
    group?.scopeSpans.map(({ scope, spans }) => [scope?.name, spans.map((span) => span.name)]),
    [
      ["shop", [name, "second"]],
      ["other", ["third"]],
    ],
  );
  const [first, second] = group?.scopeSpans[0]?.spans ?? [];
  assert.deepEqual(
    [
      first?.traceId,
      first?.spanId,
      first?.parentSpanId,
      first?.kind,
      first?.startTimeUnixNano,
      first?.endTimeUnixNano,
    ],
    ["01".repeat(16), "01".repeat(8), "", 1, 946684800000000001n, 946684800000000003n],
  );
  // A link to a span of this kind has no ids in the program.
  assert.deepEqual(
    first?.links.map(({ traceId }) => traceId),
    ["a".repeat(32)],
  );
  assert.deepEqual(
    [second?.traceId, second?.parentSpanId, second?.kind],
    ["02".repeat(16), "02".repeat(8), 2],
  );
});
