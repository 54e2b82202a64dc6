import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

test("this Node's V8 knows the flag: of one that it does not know it complains", () => {
  const run = (script: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const heap = new URL("heap.js", import.meta.url).href;
  const known = run(`import { letHeapGrow } from ${JSON.stringify(heap)}; letHeapGrow();`);
  assert.deepEqual([known.status, known.stderr], [0, ""]);
  const unknown = run(
    `import { setFlagsFromString } from "node:v8"; setFlagsFromString("--no-such-flag=1");`,
  );
  assert.notEqual(unknown.stderr, "");
});
