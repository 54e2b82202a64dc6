import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "@go3s/store";
import { createCounters, labelled } from "../counters.js";
import { newMemoryLog } from "../testing/memory-log.js";
import { plainRequest } from "../testing/sample-requests.js";
import { startDecider } from "./intake.js";
import { encodeHead } from "./record.js";
import { Sampler } from "./sampler.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** recordOf is what a request's spans are in the log that wait. */
function recordOf(...spans: Parameters<typeof plainRequest>[0]) {
  const sampler = new Sampler({ ratio: 2 ** -56 });
  const { waiting, waitingSpans } = sampler.cut(
    plainRequest(spans),
    false,
    encodeHead({ run: 1, number: 1 }, 0),
  );
  assert.ok(waiting);
  return { kind: "spans", rows: waitingSpans, bytes: waiting } as const;
}

test("a generation that cannot be read keeps no other from its decision, is set aside, and is offered again", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "go3s-decider-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const [pending, damaged] = [join(dir, "wal", "pending"), join(dir, "wal", "damaged")];
  // Reading a directory fails as reading a bad sector does.
  mkdirSync(join(pending, "0000000001.wal"), { recursive: true });
  {
    await using store = await openStore({ dir });
    const counters = createCounters();
    const decider = await startDecider(store.undecided, counters, { wait_ms: 20, asideAfter_ms: 0 });
    await store.undecided.append([recordOf({ trace: "1", id: "1" }, { trace: "2", id: "2" })]);
    decider.waits(2);
    while (readdirSync(damaged).length === 0) await pause(10);
    await decider.close();
    assert.deepEqual(labelled(counters, "sampled"), [{ labels: ["dropped", "ratio"], value: 2 }]);
    assert.equal(decider.spans, 0);
    assert.deepEqual(store.stats().dropped, { "not-taken": { frames: 1, rows: 0 } });
    assert.deepEqual(readdirSync(pending), []);
  }
  assert.match(readdirSync(damaged)[0] ?? "", /^0000000001-\d+\.undecided$/);
  await using store = await openStore({ dir });
  assert.deepEqual(readdirSync(pending), ["0000000001.wal"]);
  assert.equal(store.undecided.generations.length, 1);
});

test("a span that cannot be decoded takes no other of its request along, and is counted", async () => {
  const taken = { blocks: 0, rows: 0 };
  const log = newMemoryLog(taken);
  const whole = recordOf(
    { trace: "1", id: "1" },
    { trace: "2", id: "2", critical: false },
    { trace: "3", id: "3" },
  );
  // An attribute's value is harmed, which only the decoder looks into: there is no wire type 7.
  const bytes = Buffer.from(whole.bytes);
  const key = Buffer.from("go3s.critical");
  bytes[bytes.indexOf(key) + key.length + 2] = 0x0f;
  const ids = Buffer.concat(
    ["1", "2", "3"].map((trace) => Buffer.from(`${trace.padEnd(18, "a")}00000000000001`, "hex")),
  );
  await log.append([
    { kind: "keep", rows: 3, bytes: ids },
    { ...whole, bytes },
  ]);
  await log.seal();
  const counters = createCounters();
  const decider = await startDecider(log, counters, { wait_ms: 10 });
  while (log.bytes > 0) await pause(5);
  await decider.close();
  assert.deepEqual(labelled(counters, "sampled"), [
    { labels: ["kept", "trace"], value: 2 },
    { labels: ["dropped", "invalid"], value: 1 },
  ]);
  assert.equal(taken.rows, 2);
});
