// Parses Tempo's published examples (pkg/traceql/test_examples.yaml in its repository) and compares what it says of each, from outside
// the repository: node scripts/traceql-examples.mjs FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { TraceqlError } from "../packages/server/dist/traceql/errors.js";
import { parseTraceql } from "../packages/server/dist/traceql/parse.js";

const { parse } = createRequire(new URL("../packages/server/package.json", import.meta.url))("yaml");
const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node scripts/traceql-examples.mjs FILE");
  process.exit(2);
}
const wanted = {
  valid: "valid",
  parse_fails: "syntax",
  validate_fails: "invalid",
  unsupported: "unsupported",
};
const examples = parse(readFileSync(file, "utf8"));
let [all, wrong] = [0, 0];
for (const [section, kind] of Object.entries(wanted)) {
  const list = examples[section] ?? [];
  let good = 0;
  for (const text of list) {
    let found = "valid";
    try {
      parseTraceql(text);
    } catch (error) {
      found = error instanceof TraceqlError ? error.kind : `BUG ${error.stack}`;
      if (found !== kind) found += `: ${error.message}`;
    }
    if (found === kind) good++;
    else console.log(`${section}: ${text}\n    ${found}`);
  }
  console.log(`${section}: ${good} of ${list.length}`);
  all += list.length;
  wrong += list.length - good;
}
console.log(`${all - wrong} of ${all} as Tempo has them`);
process.exitCode = wrong === 0 ? 0 : 1;
