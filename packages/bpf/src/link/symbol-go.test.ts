import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openGoBinary } from "@go3s/binary";
import { attachBySection } from "../object/attach.js";
import { loadObject } from "../object/load.js";
import { refused } from "../testing/errors.js";
import { skipWithoutBpf } from "../testing/kernel.js";
import { minimalObject } from "../testing/minimal-object.js";
import { functionOffsets } from "./symbol.js";

const SOURCE = `package main

type server struct{ hits [9]int }

//go:noinline
func (s *server) ServeOne(x int) int { s.hits[x]++; return s.deep(x) }

//go:noinline
func (s *server) ServeTwo(x int) int { s.hits[x]--; return s.deep(x) }

//go:noinline
func (s *server) deep(x int) int { var room [64]int; room[x%64] = x; return room[(x+1)%64] + len(s.hits) }

func main() { s := &server{}; println(s.ServeOne(1) + s.ServeTwo(2)) }
`;
const hasGo = spawnSync("go", ["version"]).status === 0;

test("probes of Go functions stand behind the stack check, and never at returns", {
  skip: hasGo ? false : "no Go on this machine",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-symbol-"));
  try {
    writeFileSync(join(folder, "main.go"), SOURCE);
    writeFileSync(join(folder, "go.mod"), "module app\n\ngo 1.21\n");
    execFileSync("go", ["build", "-o", "app", "."], { cwd: folder });
    const path = join(folder, "app");
    using binary = openGoBinary(path);
    const place = (name: string): number => {
      const found = binary.functions.find(name);
      assert.ok(found !== undefined);
      return binary.probeAddress(found).fileOffset;
    };
    const one = place("main.(*server).ServeOne");
    assert.deepEqual(functionOffsets(path, "main.(*server).ServeOne"), [one]);
    const all = [one, place("main.(*server).ServeTwo")];
    assert.deepEqual(functionOffsets(path, "main.(*server).Serve*").sort(), all.sort());
    if (skipWithoutBpf() !== false) return;
    using object = loadObject(minimalObject(`uretprobe/${path}:main.main`, 0));
    assert.throws(
      () => attachBySection(object, "run"),
      refused("bad-argument", /would break.*returnAddresses/),
    );
    using many = loadObject(minimalObject(`uprobe.multi/${path}:main.(*server).Serve*`, 0));
    using link = attachBySection(many, "run");
    const info = link.info();
    assert.ok(info.kind === "uprobe-multi" && info.offsets.length === 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
