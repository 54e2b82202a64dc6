import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceFiles } from "./files.js";
import { allowedImports, cycles, fileGraph, importsOf, importViolations } from "./imports.js";

const file = (path: string, text: string) => ({ path, text });

test("the rows themselves have no cycle", () => {
  assert.deepEqual(cycles(new Map(Object.entries(allowedImports))), []);
});

test("every import in the tree is allowed", () => {
  assert.deepEqual(importViolations(sourceFiles()), []);
});

test("no file is in an import cycle", () => {
  assert.deepEqual(cycles(fileGraph(sourceFiles())), []);
});

test("a forbidden package, a path into another package and a value import of types are told", () => {
  const problems = importViolations([
    file("packages/binary/src/a.ts", 'import { x } from "@go3s/bpf";'),
    file("packages/bpf/src/b.ts", 'import { x } from "../../binary/src/elf.js";'),
    file(
      "packages/web/src/c.ts",
      'import { x } from "@go3s/server";\nimport type { Y } from "@go3s/server/api";',
    ),
    file("packages/bpf/src/ok.ts", 'import { x } from "@go3s/binary";\nimport type { z } from "./b.js";'),
  ]);
  assert.deepEqual(problems, [
    "packages/binary/src/a.ts:1: binary may not import bpf",
    "packages/bpf/src/b.ts:1: reaches into binary by path; import its package name",
    "packages/web/src/c.ts:1: web may import types of server only (import type)",
  ]);
});

test("a cycle of files is found", () => {
  const graph = fileGraph([
    file("packages/bpf/src/a.ts", 'import { b } from "./b.js";'),
    file("packages/bpf/src/b.ts", 'export { c } from "./c.js";'),
    file("packages/bpf/src/c.ts", 'import { a } from "./a.js";'),
  ]);
  assert.equal(cycles(graph).length, 1);
});

test("imports over several lines, dynamic and bare ones are seen", () => {
  const found = importsOf(
    file("packages/x/src/a.ts", 'import {\n  a,\n  b,\n} from "one";\nimport "two";\nawait import("three");'),
  );
  assert.deepEqual(
    found.map((row) => row.specifier),
    ["one", "two", "three"],
  );
});
