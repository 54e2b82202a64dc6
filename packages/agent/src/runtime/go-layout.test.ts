import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openGoBinary, readStructs } from "@go3s/binary";
import { type BuiltProgram, buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { goLayoutOf, readGoLayout } from "./go-layout.js";
import { fieldTable, knownMinors } from "./runtime-table.generated.js";
import { structOffset } from "./struct-path.js";
import { goGlobals } from "./wanted.js";

const skip = whyNoLiveTests();
let whole: BuiltProgram;
let bare: BuiltProgram;

before(() => {
  if (skip !== undefined) return;
  whole = buildGoService();
  bare = buildGoService(undefined, ["-ldflags=-s -w"]);
});
after(() => {
  if (skip !== undefined) return;
  whole.remove();
  bare.remove();
});

test("the table says of this machine's Go what its debug information and symbols say", { skip }, () => {
  using binary = openGoBinary(whole.path);
  const minor = binary.version?.minor ?? 0;
  // A newer Go than the table's needs a run of scripts/generate-go-runtime.mjs.
  assert.ok(minor <= knownMinors.last, `Go 1.${minor}`);
  const stripped = readGoLayout(bare.path);
  assert.deepEqual(stripped.lost, []);
  const structs = (names: readonly string[]) => readStructs(binary.elf, names) ?? new Map();
  for (const [struct, rows] of Object.entries(fieldTable)) {
    for (const [path, since] of Object.entries(rows)) {
      const expected = since.filter(([first]) => first <= minor).at(-1)?.[1] ?? undefined;
      assert.equal(structOffset(structs, struct, path), expected, `${struct} ${path}`);
    }
  }
  using bareBinary = openGoBinary(bare.path);
  assert.equal(bareBinary.elf.symbols(), undefined);
  assert.deepEqual([...stripped.globals.keys()], [...goGlobals]);
  assert.equal(stripped.waitReasons.includes("chan receive"), true);
});

test("a release that nobody knows costs all figures, with a reason, where it has no debug information", {
  skip,
}, () => {
  using binary = openGoBinary(bare.path);
  const unknown = goLayoutOf({ ...binary, version: { major: 1, minor: 99, patch: 0 } });
  assert.equal(unknown.globals.size, 0);
  assert.deepEqual(unknown.lost, ["Go runtime metrics: the runtime's layout in Go 1.99 is unknown"]);
});

test("a release that nobody knows is read by its debug information", { skip }, () => {
  using binary = openGoBinary(whole.path);
  const known = goLayoutOf(binary);
  const unknown = goLayoutOf({ ...binary, version: { major: 1, minor: 99, patch: 0 } });
  assert.deepEqual([...unknown.globals], [...known.globals]);
  for (const path of ["gFree.stack.size", "runq.size", "ngsys"])
    assert.equal(unknown.field("runtime.schedt", path), known.field("runtime.schedt", path));
  assert.deepEqual(unknown.waitReasons, []);
});
