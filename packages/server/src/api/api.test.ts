import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopSpans, shopTraces } from "../testing/shop.js";
import { type StartedShop, startShop } from "../testing/started-shop.js";
import type { StatusAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("wrong parameters and addresses say what is right", async () => {
  for (const path of [
    "traces?limit=0",
    "traces?from=later",
    "traces?sort=up",
    "facets?signal=metrics",
    "logs?after=x",
  ]) {
    const { status, error } = await shop.failure(path);
    assert.deepEqual([status, error.code], [400, "bad-parameter"], path);
    assert.notEqual(error.hint, "");
  }
  const { status, error } = await shop.failure("nothing");
  assert.equal(status, 404);
  assert.match(error.hint, /services/);
});

test("the status tells what came in and what was dropped", async () => {
  const answer = await shop.get<StatusAnswer>("status");
  assert.equal(answer.ingest.spans, shopTraces * 7);
  assert.equal(answer.ingest.logs, shopTraces + shopFailures + 5);
  assert.equal(answer.store.state, "ready");
  assert.equal(answer.agent.state, "off");
  assert.deepEqual(answer.dropped, []);
  assert.equal(answer.addresses.web, shop.started.server.addresses.web);
});

test("the status tells how fast spans come in", async () => {
  // The rate is of the last seconds, which pass between two requests where the machine is busy: ask again then.
  for (let tries = 0; tries < 20; tries++) {
    await shop.ingest("traces", shopSpans(shop.startMs));
    if ((await shop.get<StatusAnswer>("status")).ingest.spans_per_s > 0) return;
  }
  assert.fail("spans came in 20 times, and the rate is 0");
});
