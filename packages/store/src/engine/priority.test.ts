import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { getuid } from "node:process";
import { test } from "node:test";
import { openStore } from "../store.js";
import { spanBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";

/** niceOf reads the nice value of a process's first thread: field 19 of stat, proc_pid_stat(5). */
function niceOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[16]);
}

test("the engine gives way while nobody asks, and takes its place again for a question", {
  skip: getuid?.() === 0 ? false : "only root may raise a priority again",
}, async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t), segmentBytesMax: 1000 });
  const pid = store.stats().engine.pid ?? 0;
  assert.equal(niceOf(pid), 5);
  await store.append([spanBlock("way", 50)]);
  // The segment is sealed behind the acknowledgement, and stays the last thing that happened.
  for (let i = 0; i < 500 && niceOf(pid) !== 19; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(niceOf(pid), 19, "a segment waited and nobody for it");
  await store.query("SELECT 1");
  assert.equal(niceOf(pid), 5);
});

test("what was started with a lower priority stays there: taking a higher one is a right of its own", () => {
  const program = `import { getPriority } from "node:os";
    import { giveWay } from ${JSON.stringify(new URL("./priority.js", import.meta.url).href)};
    const before = getPriority();
    giveWay(before - 3);
    const kept = getPriority() - before;
    giveWay(before + 2);
    console.log(kept, getPriority() - before);`;
  const words = ["-n", "3", process.execPath, "--input-type=module", "-e", program];
  assert.equal(execFileSync("nice", words, { encoding: "utf8" }), "0 2\n");
});
