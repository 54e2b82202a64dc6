import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, renderDiagnostics } from "../compile.js";
import { machineOptions } from "../testing/live.js";
import { codeHelp } from "./code-help.js";
import { diagnosticCodes } from "./codes.js";

test("every code says what to do", () => {
  assert.deepEqual(Object.keys(codeHelp).sort(), Object.keys(diagnosticCodes).sort());
});

test("every example has its mistake and no other", () => {
  const options = { ...machineOptions(), tracepointFormat: () => undefined };
  for (const [id, { example }] of Object.entries(codeHelp)) {
    if (example === undefined) continue;
    const result = compile([{ name: `${id}.go3s`, text: `package example\n\n${example}` }], options);
    const found = new Set(result.diagnostics.map((each) => each.id));
    assert.deepEqual([...found], [id], renderDiagnostics(result));
    assert.equal(result.object, undefined, id);
  }
});
