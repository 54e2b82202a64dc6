import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runCli } from "../testing/running-go3s.js";

const untidy = "package x\nvar a   uint32\n";
const tidy = "package x\n\nvar a uint32\n";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-fmt-"));
  mkdirSync(join(folder, "inner"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("fmt writes what it changes and names it; --check only names it", async () => {
  const path = join(folder, "inner", "a.go3s");
  writeFileSync(path, untidy);
  const checked = await runCli(["fmt", folder, "--check"]);
  assert.deepEqual([checked.code, checked.stdout], [1, `${path}\n`]);
  assert.equal(readFileSync(path, "utf8"), untidy);
  const written = await runCli(["fmt", folder, "--json"]);
  assert.deepEqual([written.code, JSON.parse(written.stdout)], [0, { file: path, changed: true }]);
  assert.equal(readFileSync(path, "utf8"), tidy);
  const again = await runCli(["fmt", folder]);
  assert.deepEqual([again.code, again.stdout], [0, ""]);
});

test("fmt tells a mistake with its place and leaves the file alone", async () => {
  const path = join(folder, "broken.go3s");
  writeFileSync(path, "package x\nfunc f( {}\n");
  const told = await runCli(["fmt", path]);
  assert.equal(told.code, 2);
  assert.match(told.stderr, /broken\.go3s:2:9: expected/);
  assert.equal(readFileSync(path, "utf8"), "package x\nfunc f( {}\n");
  rmSync(path);
});

test("fmt --stdout prints and writes nothing; other files are refused", async () => {
  const path = join(folder, "b.go3s");
  writeFileSync(path, untidy);
  const printed = await runCli(["fmt", path, "--stdout"]);
  assert.deepEqual([printed.code, printed.stdout], [0, tidy]);
  assert.equal(readFileSync(path, "utf8"), untidy);
  assert.equal((await runCli(["fmt", "x.bt"])).code, 1);
});
