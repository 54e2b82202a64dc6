import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopTraces, traceIdOf } from "../testing/shop.js";
import { assertAbout, type StartedShop, startShop } from "../testing/started-shop.js";
import type { ServiceAnswer, ServicesAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("services have rate, errors, quantiles and sparklines", async () => {
  const answer = await shop.get<ServicesAnswer>(`services?${shop.minute}`);
  assert.deepEqual(answer.services.map((row) => row.service_name).sort(), [
    "checkout",
    "gateway",
    "payments",
  ]);
  const gateway = answer.services.find((row) => row.service_name === "gateway");
  const payments = answer.services.find((row) => row.service_name === "payments");
  assert.equal(gateway?.requests, shopTraces);
  assert.equal(gateway?.errors, 0);
  assert.equal(gateway?.rate, 1);
  assertAbout(gateway?.p50_ns, 129.5e6);
  assertAbout(gateway?.p99_ns, 158.4e6);
  assert.equal(payments?.errors, shopFailures);
  assert.equal(payments?.error_share, 0.1);
  const { buckets } = answer;
  assert.equal(gateway?.spark.rate.length, buckets.count);
  const requests = gateway?.spark.rate.reduce((sum, rate) => sum + (rate * buckets.step_ms) / 1000, 0);
  assertAbout(requests, shopTraces);
  const before = await shop.get<ServicesAnswer>(
    `services?from=${shop.startMs - 7_200_000}&to=${shop.startMs - 3_600_000}`,
  );
  assert.deepEqual([before.services, before.last_seen_ms], [[], null]);
});

test("one service has series, operations, examples, callers and callees", async () => {
  const answer = await shop.get<ServiceAnswer>(`services/checkout?${shop.minute}`);
  assert.equal(answer.requests, shopTraces);
  const operations = Object.fromEntries(
    answer.operations.map((row) => [`${row.kind} ${row.operation}`, row.requests]),
  );
  assert.deepEqual(operations, {
    "SERVER POST /checkout": shopTraces,
    "INTERNAL price": shopTraces,
    "CLIENT SELECT": shopTraces,
    "CLIENT POST": shopTraces,
  });
  assert.equal(answer.slowest.length, 10);
  assert.deepEqual(answer.failing, []);
  assert.deepEqual(
    answer.callers.map((row) => [row.name, row.kind, row.requests]),
    [["gateway", "service", shopTraces]],
  );
  assert.deepEqual(answer.callees.map((row) => [row.name, row.kind, row.errors]).sort(), [
    ["payments", "service", shopFailures],
    ["postgresql db.local:5432", "database", 0],
  ]);
  const failing = await shop.get<ServiceAnswer>(`services/payments?${shop.minute}`);
  assert.equal(failing.failing.length, shopFailures);
  assert.equal(failing.failing[0]?.trace_id, traceIdOf(53));
  assert.equal(failing.failing[0]?.status_message, "card declined");
  assert.equal((await shop.failure("services/nobody")).status, 404);
});
