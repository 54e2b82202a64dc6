import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopSpans, traceIdOf } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";
import type { FilterParseAnswer, MapAnswer, ServiceAnswer, ServicesAnswer, TracesAnswer } from "./types.js";

let started: Started;
// Spans within the range's whole minutes, and within those that its ends cut.
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 7_200_000;
const range = `from=${startMs + 20_000}&to=${startMs + 3_600_000 + 50_000}`;

before(async () => {
  started = await start();
  for (const offset of [0, 1_200_000, 1_230_000, 3_600_000]) {
    const answer = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: shopSpans(startMs + offset),
    });
    assert.equal(answer.status, 200);
  }
  await started.store.flush();
});
after(() => started.close());

async function get<T>(path: string, filter: string): Promise<T> {
  const address = `/api/v1/${path}?${range}&filter=${encodeURIComponent(filter)}`;
  const answer = await send(started.server.addresses.web, { path: address });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

/** same compares two answers: numbers to a share, as quantiles of the rollup are within one percent. */
function same(a: unknown, b: unknown, path: string, share: number): void {
  if (typeof a === "number" && typeof b === "number")
    assert.ok(Math.abs(a - b) <= Math.abs(b) * share, `${path}: ${a} is not ${b}`);
  else if (typeof a === "object" && a !== null && typeof b === "object" && b !== null) {
    assert.deepEqual(Object.keys(a), Object.keys(b), path);
    for (const [key, value] of Object.entries(a))
      same(value, Reflect.get(b, key), `${path}.${key}`, /^p\d\d/.test(key) || share > 0 ? 0.03 : 0);
  } else assert.equal(a, b, path);
}

// A filter that every span passes is answered from the spans.
const everySpan = "-no.such.key:1";

test("services, their series and operations, and the map are the same from the rollup as from the spans", async () => {
  const services = await get<ServicesAnswer>("services", "");
  same(services, await get<ServicesAnswer>("services", everySpan), "services", 0);
  assert.equal(services.services.length, 3);
  assert.ok(services.services.every(({ requests }) => requests > 100));
  for (const name of ["gateway", "checkout"]) {
    const one = await get<ServiceAnswer>(`services/${name}`, "");
    same(one, await get<ServiceAnswer>(`services/${name}`, everySpan), name, 0);
    assert.ok(one.operations.length > 0);
  }
  same(await get<MapAnswer>("map", ""), await get<MapAnswer>("map", everySpan), "map", 0);
});

test("an attribute's value is found through its index, alone, with others, negated and in the resource", async () => {
  const found = async (filter: string) => {
    const { traces } = await get<TracesAnswer>("traces", filter);
    return traces.map(({ trace_id }) => trace_id).sort();
  };
  const all = await found("");
  const one = await found("user.id:u7");
  assert.deepEqual(one, [traceIdOf(7)]);
  assert.deepEqual(await found("user.id:nobody"), []);
  assert.equal((await found("user.id:u7 OR user.id:u8")).length, 2);
  assert.deepEqual(await found("operation:POST* user.id:u7"), one);
  assert.deepEqual(await found("host.name:shop-1"), all);
  assert.equal((await found("service:checkout http.route:/checkout -user.id:u7")).length, all.length - 1);
  assert.equal((await found("http.route:/checkout -(user.id:u7 OR user.id:u8)")).length, all.length - 2);
  const shown = await get<FilterParseAnswer>("filter/parse", "user.id:u7");
  assert.ok(shown.ok);
  const granules = async (condition: string) => {
    const result = await started.store.query(
      `EXPLAIN indexes = 1 SELECT count() FROM traces WHERE ${condition}`,
    );
    return (await result.rows<{ explain: string }>()).map(({ explain }) => explain).join("\n");
  };
  assert.match(await granules("attributes['user.id'] = 'u7'"), /by_attribute/);
  const either = await granules("(attributes['user.id'] = 'u7' OR resource_attributes['user.id'] = 'u7')");
  assert.match(either, /by_attribute/);
  assert.match(either, /by_resource/);
});
