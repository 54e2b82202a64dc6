import assert from "node:assert/strict";
import { test } from "node:test";
import { BinaryError } from "../errors.js";
import {
  goIsMissing,
  helloSource,
  npmFixtures,
  serverSource,
  workshopOfTests,
} from "../testing/go-program.js";
import { openGoBinary } from "./binary.js";
import { goStructFields } from "./offset-fields.js";
import { goOffsets } from "./offsets.js";

const workshop = workshopOfTests();

test("the table says for this Go release what the program's own DWARF says", { skip: goIsMissing }, () => {
  using plain = openGoBinary(workshop().build("server", serverSource));
  using stripped = openGoBinary(workshop().build("server_stripped", serverSource, ["-ldflags=-s -w"]));
  const dwarf = goOffsets(plain);
  const table = goOffsets(stripped);
  assert.equal(dwarf.source, "dwarf");
  assert.equal(table.source, "table");
  for (const [struct, fields] of Object.entries(goStructFields)) {
    for (const field of fields)
      assert.equal(table.of(struct, field), dwarf.of(struct, field), `${struct}.${field}`);
  }
  assert.deepEqual(dwarf.missing, []);
});

test("arm64 lays the runtime's structs out as the table, made on x86-64, has them", {
  skip: goIsMissing,
}, () => {
  using plain = openGoBinary(workshop().build("hello_arm64", helloSource, [], ["GOARCH=arm64"]));
  const runtime = Object.fromEntries(
    Object.entries(goStructFields).filter(([name]) => name.startsWith("runtime.")),
  );
  const dwarf = goOffsets(plain, runtime);
  const table = goOffsets({ ...plain, elf: { ...plain.elf, section: () => undefined } }, runtime);
  assert.equal(dwarf.source, "dwarf");
  assert.equal(table.source, "table");
  for (const [struct, fields] of Object.entries(runtime)) {
    for (const field of fields)
      assert.equal(table.of(struct, field), dwarf.of(struct, field), `${struct}.${field}`);
  }
});

test("a release decides: fields that came later or moved", (t) => {
  const [fixture] = npmFixtures();
  if (fixture === undefined) return t.skip("npm installed no Go program for this platform");
  using binary = openGoBinary(fixture.path);
  const at = (minor: number, struct: string, field: string) =>
    goOffsets({ ...binary, version: { major: 1, minor, patch: 0 } }).of(struct, field);
  // Go's own sources: parentGoid came with 1.21, Request.pat with 1.22, Request.Pattern with 1.23; syscallbp moved goid in 1.23.
  assert.equal(at(20, "runtime.g", "parentGoid"), undefined);
  assert.equal(at(21, "runtime.g", "parentGoid"), 272);
  assert.deepEqual(
    [at(22, "runtime.g", "goid"), at(23, "runtime.g", "goid"), at(25, "runtime.g", "goid")],
    [152, 160, 152],
  );
  assert.equal(at(21, "net/http.Request", "pat"), undefined);
  assert.deepEqual([at(22, "net/http.Request", "pat"), at(23, "net/http.Request", "pat")], [248, 264]);
  assert.deepEqual(
    [at(22, "net/http.Request", "Pattern"), at(23, "net/http.Request", "Pattern")],
    [undefined, 232],
  );
  // A release newer than the table is taken to be like the newest known one.
  assert.equal(at(99, "net/http.Request", "URL"), 16);
  assert.equal(at(99, "net/http.Request", "Nothing"), undefined);
  assert.equal(at(99, "main.Nothing", "Nothing"), undefined);
  const unknown = goOffsets({ ...binary, version: undefined });
  assert.equal(unknown.source, "none");
  assert.ok(unknown.missing.includes("runtime.g.goid"));
});

test("debug information that cannot be undone costs nothing a known release has", {
  skip: goIsMissing,
}, () => {
  using plain = openGoBinary(workshop().build("hello", helloSource));
  const zstd = new BinaryError("unsupported-compression", ".debug_info: compressed by zstd");
  const refuse = (): never => {
    throw zstd;
  };
  const offsets = goOffsets({ ...plain, elf: { ...plain.elf, sectionBytes: refuse } });
  assert.equal(offsets.source, "table");
  assert.equal(offsets.problem, zstd);
  assert.equal(offsets.of("net/http.Request", "URL"), 16);
});
