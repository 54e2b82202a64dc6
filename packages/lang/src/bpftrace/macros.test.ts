import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDiagnostics } from "../compile.js";
import { compileScript } from "./compile-script.js";

const messages = (text: string): string[] => {
  const result = compileScript({ name: "x.bt", text });
  return result.diagnostics.map((each) => renderDiagnostics({ files: result.files, diagnostics: [each] }));
};

/** wrong are scripts with what they are told. */
const wrong: readonly (readonly [string, RegExp])[] = [
  ["macro f() { @x++ } BEGIN { f(); }", /Unhygienic access to map: @x/],
  ["macro f($x) { $x++ } BEGIN { f(1); }", /1:32: error: Mismatched arg.* expects a variable for arg \$x/],
  ["macro f(@x) { @x++ } BEGIN { $a = 1; f($a); }", /expects a map for arg @x but got a variable/],
  ["macro f(x) { f(x) } BEGIN { f(1); }", /Recursive macro call detected: f/],
  ["macro f(x) { x } BEGIN { print(f(1, 2)); }", /Unknown function: 'f'/],
  ["macro f(1) { 1 } BEGIN { f(1); }", /a macro takes \$x/],
  ["BEGIN { if (1) { let $y = 1; } print($x); }", /Undefined or undeclared variable: \$x/],
  [
    'BEGIN { $a = 1; $a = "x"; }',
    /Type mismatch for \$a: .*'string\[2\]' when variable already has a type 'int8'/,
  ],
  ["let @a = frob(3); BEGIN { @a[1] = 1; }", /Invalid bpf map type: frob/],
  ["config = { nothing = 1 } BEGIN { exit(); }", /1:12: error: nothing: not a known configuration option/],
  ["BEGIN { $t = (1, 2); print($t[$t.0]); }", /Tuples can only be accessed with a literal integer index/],
  ["BEGIN { let $x: uint16 = 70000; print($x); }", /the value '70000' does not fit into 'uint16'/],
  ["BEGIN { print((nothing *)0); }", /Cannot resolve unknown type "nothing"/],
];

for (const [script, told] of wrong)
  test(`refused: ${script.slice(0, 60)}`, () => assert.match(messages(script).join("\n"), told));

test("macros keep their variables to themselves, and stand where values do", () => {
  const { diagnostics, generated } = compileScript({
    name: "x.bt",
    text: "macro inc(x) { $y = x + 1; $y } BEGIN { $y = 2; @a = inc({ $y += 1; $y }); @b = inc(1); @c = $y; }",
  });
  assert.deepEqual(diagnostics, []);
  const variables = new Set([...generated.matchAll(/var v_(\w+) /g)].map(([, name]) => name));
  assert.equal(variables.size, 3, [...variables].join());
});

test("a declared map has its own kind and room, and one that is not used is told of", () => {
  const { generated, diagnostics } = compileScript({
    name: "x.bt",
    text: "let @a = lruhash(7); let @b = percpulruhash(9); let @c = hash(1); BEGIN { @a[1] = 1; @b[1] = count(); }",
  });
  assert.match(generated, /bpf\.LRUHash\[int64, int64\]\(7\)/);
  assert.match(generated, /bpf\.LRUPerCPUHash\[int64, uint64\]\(9\)/);
  assert.deepEqual(
    diagnostics.map(({ severity, message }) => `${severity}: ${message}`),
    ["warning: Unused map: @c"],
  );
});
