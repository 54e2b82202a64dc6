import assert from "node:assert/strict";
import { test } from "node:test";
import { bans, banViolations } from "./bans.js";
import { sourceFiles } from "./files.js";

test("nothing banned is in the tree", () => {
  assert.deepEqual(banViolations(sourceFiles()), []);
});

const offences: Readonly<Record<string, string>> = {
  koffi: 'import koffi from "koffi";',
  chdb: 'import { Session } from "chdb";',
  "process.env": "const home = process.env.HOME;",
  "process.exit": "process.exit(1);",
  "console.log": 'console.log("x");',
  innerHTML: "node.innerHTML = text;",
  eval: "eval(text);",
  "getter in an object literal": "    get size() {",
};

for (const ban of bans) {
  test(`the ban on ${ban.what} finds its offence, not its mention`, () => {
    const offence = offences[ban.what] ?? assert.fail(`no offence written for ${ban.what}`);
    const found = banViolations([
      { path: "packages/telemetry/src/a.ts", text: `// ${ban.what}\n${offence}` },
    ]);
    assert.deepEqual(found, [`packages/telemetry/src/a.ts:2: no ${ban.what}; use ${ban.instead}`]);
  });
}
