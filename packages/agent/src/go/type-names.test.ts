import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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
