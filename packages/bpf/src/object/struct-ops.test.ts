import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { u32Bytes } from "../maps/map.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";

const NAME = `go3s${process.pid}`;
const SOURCE = `
struct sock {}; 
struct tcp_congestion_ops {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  void (*gone_in_this_kernel)(void);
  char name[16];
};
SEC("struct_ops/ssthresh") u32 ssthresh(u64 *ctx) { return 2; }
SEC("struct_ops") void cong_avoid(u64 *ctx) {}
SEC("struct_ops") static u32 undo_cwnd(u64 *ctx) { return 2; }
SEC("struct_ops") u32 unused(u64 *ctx) { return 2; }
SEC(".struct_ops") struct tcp_congestion_ops ours = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .name = "${NAME}",
};
struct no_such_ops { int (*run)(void); };
SEC("struct_ops/run") int run(u64 *ctx) { return 0; }
SEC("?.struct_ops.link") struct no_such_ops other = { .run = (void *)run };
`;

function skipReason(): string | false {
  const reason = skipWithoutClangAndBpf();
  if (reason !== false) return reason;
  const wrapper = kernelBtf().findOne("bpf_struct_ops_tcp_congestion_ops", BtfKind.STRUCT);
  return wrapper === undefined ? "this kernel takes no congestion controls" : false;
}

describe("tables of functions for the kernel", { skip: skipReason() }, () => {
  const open = kernelDescriptors();
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("are read with the program of each function", () => {
    const ours = spec.structOps.get("ours");
    assert.deepEqual([...(ours?.functions ?? [])].sort(), [
      [0, "ssthresh"],
      [16, "undo_cwnd"],
      [8, "cong_avoid"],
    ]);
    assert.equal(ours?.struct, "tcp_congestion_ops");
    const other = spec.structOps.get("other");
    assert.deepEqual(
      [other?.isLink, other?.autoload, ours.isLink, ours.autoload],
      [true, false, false, true],
    );
  });

  test("are made with the kernel's layout, and register what they stand for", () => {
    using object = loadObject(spec);
    assert.deepEqual([...object.programs.keys()].sort(), ["cong_avoid", "ssthresh", "undo_cwnd"]);
    const table = object.structOps.get("ours");
    assert.ok(table !== undefined);
    const list = () =>
      readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").split(/\s+/);
    table.map.update(u32Bytes(0), table.value);
    try {
      assert.ok(list().includes(NAME));
    } finally {
      table.map.delete(u32Bytes(0));
    }
    assert.ok(!list().includes(NAME));
  });

  test("that the kernel does not know are refused by name, when asked for", () => {
    const wanted = spec.structOps.get("other");
    assert.ok(wanted !== undefined);
    const structOps = new Map([["other", { ...wanted, autoload: true }]]);
    assert.throws(
      () => loadObject({ ...spec, structOps }),
      (error) =>
        error instanceof BpfError &&
        error.code === "not-supported" &&
        /struct no_such_ops/.test(error.message),
    );
    using object = loadObject({ ...spec, structOps }, { without: ["other"] });
    assert.equal(object.structOps.size, 0);
  });

  test("members that the kernel's struct lacks are an error unless they are empty", () => {
    const ours = spec.structOps.get("ours");
    assert.ok(ours !== undefined);
    const contents = new Uint8Array(ours.contents);
    contents[24] = 1;
    const structOps = new Map([["ours", { ...ours, contents }]]);
    assert.throws(() => loadObject({ ...spec, structOps }), /no member "gone_in_this_kernel"/);
  });
});
