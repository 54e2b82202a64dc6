import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError, loadObject, ProgramType, readObject } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

test("what the verifier refuses is shown at its line of the source", { skip: cannotRun() }, () => {
  const { object } = build(`package main

import "bpf"

var last uint64

// @raw_tracepoint:sys_enter
func keep(ctx *bpf.RawTracepoint) int {
	number := ctx.Arg(1)
	last = number
	return 0
}
`);
  // As a socket filter it reads a field of a context that it does not have.
  const types = { keep: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER };
  assert.throws(
    () => loadObject(readObject(object), { types }).close(),
    (error) => {
      assert.ok(error instanceof BpfError);
      const { kind, source, story } = error.explanation ?? {};
      assert.equal(kind, "context-bounds");
      assert.deepEqual([source?.file, source?.line, source?.column], ["test.go3s", 9, 12]);
      assert.equal(source?.text, "\tnumber := ctx.Arg(1)");
      assert.deepEqual(story?.at(-1), "line 9 reads 8 bytes through the context");
      assert.match(error.report ?? "", /\n {2}9 \| \tnumber := ctx\.Arg\(1\)\n {4}\| \t {10}\^\n/);
      return true;
    },
  );
});
