import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopTraces } from "../testing/shop.js";
import { assertAbout, type StartedShop, startShop } from "../testing/started-shop.js";
import type { CompleteAnswer, FacetsAnswer, FieldsAnswer, FilterParseAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("facets show what is special about the matching spans", async () => {
  const answer = await shop.get<FacetsAnswer>(`facets?${shop.minute}`, "status:error kind:server");
  const service = answer.facets.find((facet) => facet.key === "service");
  assert.equal(answer.sampled, shopTraces * 7);
  assert.deepEqual(
    service?.values.map((row) => [row.value, row.count]),
    [["payments", shopFailures]],
  );
  assertAbout(service?.values[0]?.lift, 7);
  const logs = await shop.get<FacetsAnswer>(`facets?signal=logs&${shop.minute}`);
  assert.ok(
    logs.facets.some((facet) => facet.key === "level" && facet.values.some((row) => row.value === "error")),
  );
});

test("fields are the short keys and the attributes seen", async () => {
  const { fields } = await shop.get<FieldsAnswer>(`fields?${shop.minute}`);
  const route = fields.find((field) => field.key === "http.route");
  assert.deepEqual([route?.source, route?.type, route?.count], ["attribute", "text", shopTraces * 3]);
  assert.equal(fields.find((field) => field.key === "http.response.status_code")?.type, "number");
  assert.equal(fields.find((field) => field.key === "host.name")?.source, "resource");
  assert.equal(fields.find((field) => field.key === "service")?.source, "column");
});

const completions: readonly (readonly [text: string, first: string, extra?: string])[] = [
  ["serv", "service:"],
  ["http.ro", "http.route:"],
  ["service:", "checkout"],
  ["service:pay", "payments"],
  ["a status:", "unset"],
  ["status:er", "error"],
  ["level:", "info"],
  ["http.route:", '"/cart"'],
  ["duration:", ">10ms"],
  ["event:tcp.c", "tcp.connect", "signal=logs&"],
  ["host:", "shop-1"],
];
for (const [text, first, extra = ""] of completions) {
  test(`complete ${text} offers ${first} first`, async () => {
    const answer = await shop.get<CompleteAnswer>(
      `complete?${extra}${shop.minute}&text=${encodeURIComponent(text)}`,
    );
    assert.equal(answer.items[0]?.insert, first);
    assert.equal(answer.replace.end, text.length);
  });
}

test("a filter is told as tree and SQL, or where its mistake is", async () => {
  const right = await shop.get<FilterParseAnswer>(
    `filter/parse?${shop.minute}`,
    "service:payments   AND (status:error)",
  );
  assert.ok(right.ok);
  assert.equal(right.text, "service:payments status:error");
  const result = await shop.started.store.query(right.sql);
  assert.equal((await result.rows()).length, shopFailures);
  const wrong = await shop.get<FilterParseAnswer>("filter/parse", "duration:>fast");
  assert.ok(!wrong.ok);
  assert.deepEqual(wrong.place, { start: 9, end: 14 });
  const { status, error } = await shop.failure(`traces?filter=${encodeURIComponent("a (b")}`);
  assert.deepEqual([status, error.code, error.position], [400, "bad-filter", 2]);
});
