import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "./store.js";
import type { Store } from "./store-types.js";
import { ingestedBlock } from "./testing/ingested-block.js";
import { manySpans } from "./testing/many-spans.js";
import { spanBlock, spanIdOf } from "./testing/plain-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";

function killEngine(store: Store): void {
  const pid = store.stats().engine.pid;
  if (pid !== undefined) process.kill(pid, "SIGKILL");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function countsOf(store: Store, where: string): Promise<{ rows: number; ids: number }> {
  const result = await store.query(
    `SELECT count() AS rows, uniqExact(span_id) AS ids FROM traces WHERE ${where}`,
  );
  const [counts] = await result.rows<{ rows: number; ids: number }>();
  return counts ?? { rows: -1, ids: -1 };
}

test("kill -9 of the engine under load loses nothing and doubles nothing", async (t) => {
  const dir = temporaryDirectory(t);
  const store = await openStore({ dir, segmentBytesMax: 300_000 });
  try {
    let blocks = 0;
    let running = true;
    const load = (async () => {
      while (running) {
        // Both forms of blocks, in one segment: each is an insert under a token of its own.
        await store.append([(blocks % 2 === 0 ? spanBlock : ingestedBlock)(`k${blocks}`, 40)]);
        blocks++;
      }
    })();
    // A busy machine may not have an engine up again for each round: there are more until enough were killed.
    for (let round = 0; round < 8 || (round < 100 && store.stats().engine.restarts < 4); round++) {
      await sleep(20 + ((round * 137) % 400));
      killEngine(store);
    }
    running = false;
    await load;
    await store.flush();
    assert.deepEqual(await countsOf(store, "1"), { rows: blocks * 40, ids: blocks * 40 });
    assert.ok(store.stats().engine.restarts >= 4);
    assert.equal(store.stats().rowsAcknowledged.traces, blocks * 40);
  } finally {
    await store.close();
  }
});

test("an insert of several engine blocks that is killed in the middle is completed exactly once", async (t) => {
  const dir = temporaryDirectory(t);
  const store = await openStore({ dir, retention: { traces: 0 }, segmentBytesMax: 1 << 28 });
  try {
    // 700,000 rows are two insert blocks (engine/insert.sql): killed in the middle, some of them are in the table.
    const blocks = await manySpans(store, "big", 700_000);
    await store.append(blocks);
    let killed = 0;
    for (let round = 0; round < 5; round++) {
      // The insert takes half a second once the segment is sealed; with each round it is let come a little further.
      while (store.stats().engine.state !== "ready") await sleep(5);
      await sleep((round === 0 ? 250 : 50) + round * 50);
      if (store.stats().waiting.segments === 0) break;
      killEngine(store);
      killed++;
      while (store.stats().engine.state === "ready") await sleep(1);
    }
    assert.ok(killed >= 2, `the insert was killed only ${killed} times before it was done`);
    await store.flush();
    assert.deepEqual(await countsOf(store, `span_id != '${spanIdOf("seed-0")}'`), {
      rows: 700_000,
      ids: 700_000,
    });
  } finally {
    await store.close();
  }
});

test("a query that is under way when the engine dies fails with engine-lost, and the next one works", async (t) => {
  const store = await openStore({ dir: temporaryDirectory(t) });
  try {
    const lost = assert.rejects(store.query("SELECT sum(number) FROM numbers(1000000000000)"), {
      code: "engine-lost",
      retryable: true,
    });
    await sleep(200);
    killEngine(store);
    await lost;
    const [row] = await (await store.query("SELECT 1 AS one")).rows<{ one: number }>();
    assert.deepEqual(row, { one: 1 });
  } finally {
    await store.close();
  }
});
