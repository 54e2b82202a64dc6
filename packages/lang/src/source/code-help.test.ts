import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { compile, renderDiagnostics } from "../compile.js";
import type { ReadPackage } from "../packages.js";
import { machineOptions } from "../testing/live.js";
import { codeHelp } from "./code-help.js";
import { diagnosticCodes } from "./codes.js";

/** withoutExample are codes that no short program of the language has: bpftrace's scripts, very long input, our mistakes. */
const withoutExample: ReadonlySet<string> = new Set([
  "internal",
  "not-traceable",
  "too-deep",
  "too-many",
  "unattachable",
]);

test("every code says what to do, and shows a program that has it", () => {
  for (const id of Object.keys(diagnosticCodes)) {
    const row = Object.entries(codeHelp).find(([name]) => name === id)?.[1];
    assert.ok(row, `${id} has a row in code-help.ts`);
    assert.equal(row.example === undefined, withoutExample.has(id), `${id} has an example`);
  }
});

test("every example has its mistake and no other", () => {
  for (const [id, { example, imports = {} }] of Object.entries(codeHelp)) {
    if (example === undefined) continue;
    const readPackage: ReadPackage = (path, from) => {
      const folder = posix.join(posix.dirname(from), path);
      const files = Object.entries(imports).filter(([name]) => posix.dirname(name) === folder);
      return { id: folder, files: files.map(([name, text]) => ({ name, text })) };
    };
    const options = { ...machineOptions(), tracepointFormat: () => undefined, readPackage };
    const result = compile([{ name: `${id}.go3s`, text: `package example\n\n${example}` }], options);
    const found = new Set(result.diagnostics.map((each) => each.id));
    assert.deepEqual([...found], [id], renderDiagnostics(result));
    const wrong = result.diagnostics.some((each) => each.severity === "error");
    assert.equal(result.object === undefined, wrong, id);
  }
});
