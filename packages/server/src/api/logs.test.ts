import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { shopFailures, shopTraces, traceIdOf } from "../testing/shop.js";
import { type StartedShop, startShop } from "../testing/started-shop.js";
import type { LogsAnswer } from "./types.js";

let shop: StartedShop;
before(async () => {
  shop = await startShop();
});
after(() => shop.started.close());

test("logs page back without gap or repetition, and follow from a cursor", async () => {
  const all = await shop.get<LogsAnswer>(`logs?${shop.minute}`);
  assert.equal(all.rows.length, shopTraces + shopFailures + 5);
  assert.equal(
    all.histogram.errors.reduce((a, b) => a + b),
    shopFailures,
  );
  const paged: string[] = [];
  for (let before = ""; ; ) {
    const page = await shop.get<LogsAnswer>(`logs?${shop.minute}&limit=7&before=${before}`);
    paged.push(...page.rows.map((row) => row.cursor));
    before = page.rows.at(-1)?.cursor ?? "";
    if (!page.more) break;
  }
  assert.deepEqual(
    paged,
    all.rows.map((row) => row.cursor),
  );
  const followed = await shop.get<LogsAnswer>(`logs?${shop.minute}&after=${all.rows[10]?.cursor}`);
  assert.deepEqual(
    followed.rows.map((row) => row.cursor),
    all.rows
      .slice(0, 10)
      .map((row) => row.cursor)
      .reverse(),
  );
  const declined = await shop.get<LogsAnswer>(`logs?${shop.minute}`, "declined order:13");
  assert.deepEqual(
    declined.rows.map((row) => [row.level, row.trace_id]),
    [["ERROR", traceIdOf(13)]],
  );
  const slow = await shop.get<LogsAnswer>(`logs?${shop.minute}`, "status:error");
  assert.equal(slow.rows.length, shopFailures);
});

test("spans stand among the lines by time, and page with them", async () => {
  const all = await shop.get<LogsAnswer>(`logs?${shop.minute}&spans=1&limit=1000`);
  const spans = all.rows.filter((row) => row.duration_ns !== undefined);
  assert.equal(spans.length, shopTraces * 7);
  assert.equal(all.rows.length, shopTraces * 8 + shopFailures + 5);
  const times = all.rows.map((row) => BigInt(row.timestamp_ns));
  assert.ok(times.every((at, i) => i === 0 || at <= (times[i - 1] ?? 0n)));
  const failing = spans.find((row) => row.body === "POST /pay: card declined");
  assert.equal(`${failing?.event_name} ${failing?.level} ${failing?.duration_ns}`, "span ERROR 40000000");
  const paged: string[] = [];
  for (let before = ""; ; ) {
    const page = await shop.get<LogsAnswer>(`logs?${shop.minute}&spans=1&limit=90&before=${before}`);
    paged.push(...page.rows.map((row) => row.cursor));
    before = page.rows.at(-1)?.cursor ?? "";
    if (!page.more) break;
  }
  assert.deepEqual(
    paged,
    all.rows.map((row) => row.cursor),
  );
});
