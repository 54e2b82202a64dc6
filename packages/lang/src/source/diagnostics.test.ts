import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, renderDiagnostics } from "../compile.js";
import { newReporter } from "./diagnostics.js";
import { openSources, placeOf } from "./file.js";

test("a diagnostic shows place, reason, line, caret and the way out", () => {
  const text = "// @xdp\nfunc main(ctx *bpf.XDP) int {\n\tvar x uint8 = 1\n\tif x {\n\t}\n\treturn 0\n}\n";
  assert.equal(
    renderDiagnostics(compile([{ name: "a.go3s", text }])),
    [
      "a.go3s:4:5: error: a condition is a bool, this is uint8 [wrong-type]",
      "  4 | \tif x {",
      "    | \t   ^",
      "  help: compare with 0",
    ].join("\n"),
  );
});

test("places are found in several files", () => {
  const files = openSources([
    { name: "a", text: "one\ntwo" },
    { name: "b", text: "three\n\nfour" },
  ]);
  const at = (offset: number): string => {
    const place = placeOf(files, offset);
    return place === undefined ? "none" : `${place.file.name}:${place.line}:${place.column}`;
  };
  assert.deepEqual([0, 4, 7, 8, 14, 15, 18, 19, 99].map(at), [
    "a:1:1",
    "a:2:1",
    "a:2:4",
    "b:1:1",
    "b:2:1",
    "b:3:1",
    "b:3:4",
    "b:3:5",
    "none",
  ]);
});

test("one place is reported once, warnings not beside errors, all in order", () => {
  const report = newReporter();
  report.error("syntax", { start: 9, end: 10 }, "later");
  report.warning("unused-variable", { start: 1, end: 2 }, "shadow");
  report.error("syntax", { start: 3, end: 4 }, "first");
  report.error("undefined", { start: 3, end: 9 }, "a consequence");
  assert.deepEqual(
    report.list().map((each) => each.message),
    ["first", "later"],
  );
});
