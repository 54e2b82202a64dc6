import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDebugInfo, openElf } from "@go3s/binary";
import { attachUprobe, loadObject, readObject, symbolOffset, u32Bytes } from "@go3s/bpf";
import { compile, renderDiagnostics } from "./compile.js";
import { cannotRun, machineOptions } from "./testing/live.js";

const observed = `package main

import "bufio"
import "os"

type Item struct {
	ID   uint32
	Name string
	Next *Item
	Tags []uint16
	Pos  struct{ X, Y int16 }
	On   bool
}

//go:noinline
func handle(it *Item) int { return int(it.ID) + len(it.Name) }

func main() {
	next := &Item{ID: 7, Name: "next"}
	it := &Item{ID: 5, Name: "hello", Next: next, Tags: []uint16{1, 2, 300}, On: true}
	it.Pos.Y = -4
	bufio.NewReader(os.Stdin).ReadString('\\n')
	os.Exit(handle(it) & 0)
}
`;

const probe = `package probe

var found = bpf.Array[int64](8)

func keep(i uint32, value int64) {
	if p := found.Lookup(i); p != nil {
		*p = value
	}
}

// @uprobe
func onHandle(ctx *bpf.UProbe) int {
	item := (*user.main.Item)(ctx.GoArg(0))
	keep(0, int64(item.ID))
	keep(1, int64(item.Next.ID))
	keep(2, int64(item.Name.len)*1000 + int64(item.Tags.len))
	keep(3, int64(item.Pos.Y))
	var text [8]byte
	if bpf.ReadUserN(&text, uint64(item.Name.len), item.Name.ptr) == 0 && text == "hello" && item.On {
		keep(4, 1)
	}
	tags := bpf.User[[4]uint16](bpf.Addr(item.Tags.ptr))
	keep(5, int64(tags[2]))
	keep(6, int64(bpf.SizeOf[user.main.Item]()))
	return 0
}
`;

function noGo(): string | false {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "go is not here";
  }
}

test("structs of the observed program are read by its debug information", {
  skip: cannotRun() || noGo(),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-user-types-"));
  try {
    writeFileSync(join(folder, "go.mod"), "module observed\n\ngo 1.21\n");
    writeFileSync(join(folder, "main.go"), observed);
    const path = join(folder, "observed");
    execFileSync("go", ["build", "-o", path, "."], { cwd: folder, stdio: "pipe" });
    using elf = openElf(path);
    using info = openDebugInfo(elf);
    assert.ok(info);
    const options = { ...machineOptions(), userTypes: (name: string) => info.type(name) };
    const result = compile([{ name: "probe.go3s", text: probe }], options);
    assert.ok(result.object, renderDiagnostics(result));
    using object = loadObject(readObject(result.object));
    const child = spawn(path, { stdio: ["pipe", "ignore", "ignore"] });
    try {
      await once(child, "spawn");
      const offset = symbolOffset(path, "main.handle");
      using _link = attachUprobe(object.program("onHandle"), { path, offset });
      const ended = once(child, "exit");
      child.stdin.end("go\n");
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill("SIGKILL");
    }
    const map = object.map("found");
    const values = [0, 1, 2, 3, 4, 5, 6].map((i) => {
      const value = map.lookup(u32Bytes(i));
      assert.ok(value);
      return Number(new DataView(value.buffer, value.byteOffset).getBigInt64(0, true));
    });
    assert.deepEqual(values, [5, 7, 5003, -4, 1, 300, 64]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("without debug information, and without such a type, the program says what is missing", () => {
  const text =
    "// @uprobe\nfunc main(ctx *bpf.UProbe) int {\n\tp := (*user.conn)(ctx.Arg(0))\n\treturn int(p.fd)\n}\n";
  const file = [{ name: "a.go3s", text }];
  assert.match(
    renderDiagnostics(compile(file)),
    /a\.go3s:3:14: error: user\.conn is not known: no program's debug/,
  );
  const none = compile(file, { userTypes: () => undefined });
  assert.match(renderDiagnostics(none), /the program has no such type/);
});
