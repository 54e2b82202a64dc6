import assert from "node:assert/strict";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { test } from "node:test";
import { attachBySection, loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

const program = `package text

type Opened struct {
	Name  [32]byte
	Short [4]byte
	Comm  [16]byte
}

var (
	target uint32 // @config
	last = bpf.Hash[uint32, Opened](4)
	scratch = bpf.PerCPUArray[Opened](1)
)

// @tracepoint:syscalls:sys_enter_openat
func onOpen(ctx *bpf.Tracepoint) int {
	o := scratch.Lookup(0)
	if bpf.PID() != target || o == nil {
		return 0
	}
	o.Name = bpf.UserString(ctx.filename)
	name := bpf.UserString(ctx.filename)
	if !bpf.HasPrefix(&o.Name, "/tmp/go3s-text-") || name[5] != 'g' || len(name) != 64 {
		return 0
	}
	var short [4]byte = bpf.UserString(ctx.filename)
	o.Short = short
	o.Comm = bpf.KernelString(bpf.Addr(bpf.CurrentTask().comm[0:16]))
	last.Update(0, o)
	return 0
}
`;

test("text of user and kernel memory is as long as what it is given to", { skip: cannotRun() }, () => {
  const target = new Uint8Array(u32Bytes(process.pid));
  using object = loadObject(readObject(build(program).object), { constants: { target } });
  const file = `/tmp/go3s-text-${process.pid}`;
  const link = attachBySection(object, "onOpen");
  try {
    closeSync(openSync(file, "w"));
  } finally {
    link.close();
    unlinkSync(file);
  }
  const value = object.map("last").lookup(u32Bytes(0));
  assert.ok(value);
  const text = (from: number, to: number): string => Buffer.from(value.subarray(from, to)).toString("latin1");
  assert.equal(text(0, 32), file.slice(0, 31).padEnd(32, "\0"));
  assert.equal(text(32, 36), "/tm\0");
  assert.match(text(36, 52), /^node\0+$|^[\w.-]+\0+$/);
});
