import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { type BuiltProgram, buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newGoTypes, shownType } from "./type-names.js";

// Tells the first word of an error, and ends.
const source = `package main

import (
	"fmt"
	"os"
	"unsafe"
)

type Refusal struct{ code int }

func (r *Refusal) Error() string { return fmt.Sprint("refused: ", r.code) }

func main() {
	var err error = &Refusal{len(os.Args)}
	fmt.Print(*(*uintptr)(unsafe.Pointer(&err)))
	if len(os.Args) > 5 {
		fmt.Print(err)
	}
}
`;

// Tells the table of an interface whose first methods nobody calls, and stays.
const pruned = `package main

import (
	"fmt"
	"os"
	"unsafe"
)

type connection interface {
	Begin() int
	Close() error
	Prepare(string) int
}

type conn struct{ open int }

func (c *conn) Begin() int         { return len(os.Args) }
func (c *conn) Close() error       { c.open--; return nil }
func (c *conn) Prepare(string) int { return c.open }

func main() {
	var c connection = &conn{len(os.Args)}
	fmt.Println(*(*uintptr)(unsafe.Pointer(&c)))
	if len(os.Args) > 1 {
		os.Stdin.Read(make([]byte, 1))
	}
	c.Close()
}
`;

test("a type is known by its first method that the linker has left in", {
  skip: whyNoLiveTests() ?? false,
}, async () => {
  const program = buildGoService(pruned, ["-ldflags=-s -w"]);
  try {
    const { pid, stdout } = spawnSync(program.path, { encoding: "utf8" });
    assert.equal(newGoTypes(() => program.path).of(pid, Number(stdout)), "main.(*conn)");
    const child = spawn(program.path, ["stay"], { stdio: ["pipe", "pipe", "inherit"] });
    const gone = once(child, "exit");
    const [line]: Buffer[] = await once(child.stdout, "data");
    assert.equal(newGoTypes().of(child.pid ?? 0, Number(line)), "main.(*conn)");
    child.stdin.end("x");
    await gone;
  } finally {
    program.remove();
  }
});

describe("the types of a program that has ended", { skip: whyNoLiveTests() ?? false }, () => {
  let program: BuiltProgram;

  before(() => {
    program = buildGoService(source, ["-ldflags=-s -w"]);
  });
  after(() => program.remove());

  test("are in its file, stripped or not, as long as it is there", () => {
    const { pid, stdout } = spawnSync(program.path, { encoding: "utf8" });
    const itab = Number(stdout);
    assert.ok(itab > 0, stdout);
    assert.equal(shownType(newGoTypes(() => program.path).of(pid, itab)), "*main.Refusal");
    assert.equal(newGoTypes().of(pid, itab), "");
    assert.equal(newGoTypes(() => `${program.path}-gone`).of(pid, itab), "");
    assert.equal(newGoTypes(() => process.execPath).of(pid, itab), "");
    for (const elsewhere of [1, 0x10_0000_0000]) {
      assert.equal(newGoTypes(() => program.path).of(pid, elsewhere), "");
    }
  });
});
