import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import { type StartedShop, startShop } from "../testing/started-shop.js";
import type { MapAnswer, ServiceAnswer, SpanAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const span = (n: number, name: string, type: string, minutes: number, batches: readonly string[]) => ({
    traceId: String(n).repeat(32),
    spanId: String(n).repeat(16),
    name,
    kind: type === "process" ? 5 : 3,
    startTimeUnixNano: BigInt(shop.startMs + minutes * 60_000) * 1_000_000n,
    endTimeUnixNano: BigInt(shop.startMs + minutes * 60_000 + 5) * 1_000_000n,
    attributes: [
      text("messaging.operation.type", type),
      ...(batches.length === 0
        ? []
        : [
            {
              key: "go3s.kafka.batch",
              value: { arrayValue: { values: batches.map((stringValue) => ({ stringValue })) } },
            },
          ]),
    ],
  });
  const from = (service: string, spans: readonly ReturnType<typeof span>[]) => ({
    resource: { attributes: [text("service.name", service)] },
    scopeSpans: [{ scope: { name: "go3s.agent" }, spans: [...spans] }],
  });
  const called = (kind: number, spanId: string, parentSpanId?: string) => ({
    ...span(8, "GET /stock", "", 0, []),
    kind,
    spanId,
    parentSpanId,
  });
  // What two agents tell, each of one machine.
  const resourceSpans = [
    from("orders", [
      span(1, "send orders", "send", 0, ["aa", "bb"]),
      span(2, "send", "send", 1, ["cc"]),
      called(3, "8".repeat(16)),
    ]),
    from("stock", [called(2, "9".repeat(16), "8".repeat(16))]),
    from("bills", [
      span(3, "process orders", "process", 5, ["bb"]),
      span(4, "poll orders", "receive", 5, ["aa", "cc", "dd"]),
      span(5, "process orders", "process", 5, ["ee"]),
      span(6, "process orders", "process", 5, []),
      // Before it was sent: another one's batch, whatever it is called.
      span(7, "process orders", "process", -5, ["bb"]),
    ]),
  ];
  await shop.ingest("traces", encodeProtobuf(ExportTraceServiceRequest, { resourceSpans }));
  await shop.started.store.flush();
});
after(() => shop.started.close());

const linksOf = async (n: number): Promise<string[]> => {
  const path = `traces/${String(n).repeat(32)}/spans/${String(n).repeat(16)}`;
  const { links } = await shop.get<SpanAnswer>(path);
  return links.map(({ trace_id, span_id, attributes }) => {
    assert.equal(trace_id, (span_id[0] ?? "").repeat(32));
    return `${span_id[0]} ${attributes["service.name"]} ${attributes["operation"]} ${attributes["go3s.link"]}`;
  });
};

test("who took messages leads to who sent them, by their batches", async () => {
  assert.deepEqual(await linksOf(3), ["1 orders send orders kafka batch"]);
  assert.deepEqual(await linksOf(4), ["1 orders send orders kafka batch", "2 orders send kafka batch"]);
});

test("who sent messages leads to all who took them later", async () => {
  assert.deepEqual((await linksOf(1)).sort(), [
    "3 bills process orders kafka batch",
    "4 bills poll orders kafka batch",
  ]);
});

test("a batch that nobody sent here, and a span without any, lead nowhere", async () => {
  for (const n of [5, 6, 7]) assert.deepEqual(await linksOf(n), []);
});

test("the map and a service's page lead from who sends messages to who takes them on another machine", async () => {
  const range = `from=${shop.startMs - 600_000}&to=${shop.startMs + 600_000}`;
  const { edges, nodes } = await shop.get<MapAnswer>(`map?${range}`);
  assert.deepEqual(
    edges.filter(({ from }) => from === "service:orders").map(({ to, requests }) => [to, requests]),
    // Each batch once, however many there took it.
    [
      ["service:stock", 1],
      ["service:bills", 3],
    ],
  );
  assert.ok(nodes.some(({ id }) => id === "service:bills"));
  const orders = await shop.get<ServiceAnswer>(`services/orders?${range}`);
  const bills = await shop.get<ServiceAnswer>(`services/bills?${range}`);
  const named = (rows: ServiceAnswer["callers"]) =>
    rows.map(({ name, kind, requests }) => [name, kind, requests]);
  // As all neighbours are, the one with most requests first.
  const taken = [
    ["bills", "service", 3],
    ["stock", "service", 1],
  ];
  assert.deepEqual([named(orders.callees), named(orders.callers)], [taken, []]);
  assert.deepEqual([named(bills.callees), named(bills.callers)], [[], [["orders", "service", 3]]]);
});

test("SQL joins services by the batches, as docs/protocols.md says", async () => {
  const page = readFileSync(new URL("../../../../docs/protocols.md", import.meta.url), "utf8");
  const sql = /`(SELECT taken\.service_name[^`]*)`/.exec(page)?.[1] ?? assert.fail();
  const found = await (await shop.started.store.query(`${sql} ORDER BY 1, 2`, { format: "TSV" })).text();
  assert.equal(found, "bills\torders\t2\n");
});
