import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStore } from "./store.js";
import { NAME_OF } from "./testing/plain-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";

const PROGRAM = fileURLToPath(new URL("./testing/appender.js", import.meta.url));
const ROUNDS = 6;

/** runAndKill starts the appender, kills it some time after its first acknowledgement, and gives what it printed. */
async function runAndKill(dir: string, run: string, after_ms: number): Promise<string[]> {
  const child = spawn(process.execPath, [PROGRAM, dir, run], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  try {
    await Promise.race([
      once(child.stdout, "data"),
      once(child, "exit").then(([code]) => assert.fail(`the appender ended with ${code}`)),
    ]);
    await new Promise((resolve) => setTimeout(resolve, after_ms));
  } finally {
    child.kill("SIGKILL");
  }
  await once(child, "close");
  // The last line may be cut; only whole lines were surely printed after the acknowledgement.
  return out.split("\n").slice(0, -1);
}

test("kill -9 of the process that writes loses nothing acknowledged and doubles nothing", async (t) => {
  const dir = temporaryDirectory(t);
  const acknowledged = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const printed = await runAndKill(dir, `r${round}`, 30 + round * 170);
    assert.ok(printed.length > 0, "the appender acknowledged nothing");
    for (const prefix of printed) acknowledged.add(prefix);
  }
  const store = await openStore({ dir });
  try {
    await store.flush();
    const result = await store.query(
      `SELECT replaceRegexpOne(${NAME_OF}, '-[0-9]+$', '') AS prefix, count() AS rows, uniqExact(span_id) AS ids
       FROM traces GROUP BY prefix`,
    );
    const found = await result.rows<{ prefix: string; rows: number; ids: number }>();
    const prefixes = new Set(found.map(({ prefix }) => prefix));
    for (const { prefix, rows, ids } of found) {
      assert.equal(rows, prefix.endsWith("b") ? 7 : 50, `${prefix} is not there exactly once`);
      assert.equal(ids, rows, `${prefix} has rows twice`);
    }
    for (const prefix of acknowledged) {
      assert.ok(prefixes.has(prefix) && prefixes.has(`${prefix}b`), `${prefix} was acknowledged and is lost`);
    }
    assert.equal(store.stats().waiting.segments, 0);
  } finally {
    await store.close();
  }
});
