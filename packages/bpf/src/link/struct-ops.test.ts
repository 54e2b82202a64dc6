import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { loadObject } from "../object/load.js";
import { readObject } from "../object/read.js";
import type { ObjectSpec } from "../object/spec.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { attachStructOps, type StructOpsTable } from "./struct-ops.js";

// A congestion control's name has room for 15 bytes.
const NAME = `gl${process.pid}`;
const SOURCE = `
struct sock {};
struct tcp_congestion_ops {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  u32 (*undo_cwnd)(struct sock *sk);
  char name[16];
};
SEC("struct_ops") u32 ssthresh(u64 *ctx) { return 2; }
SEC("struct_ops") void cong_avoid(u64 *ctx) {}
SEC("struct_ops") u32 undo_cwnd(u64 *ctx) { return 2; }
#define TABLE(section, table, text) SEC(section) struct tcp_congestion_ops table = { .ssthresh = (void *)ssthresh, \\
  .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .name = text }
TABLE(".struct_ops.link", first, "${NAME}");
TABLE(".struct_ops.link", second, "${NAME}");
TABLE(".struct_ops.link", other, "${NAME}x");
TABLE(".struct_ops", plain, "${NAME}p");
`;

function registered(): string[] {
  return readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(/\s+/);
}

describe("tables of functions", { skip: skipWithoutClangAndBpf() }, () => {
  const held = kernelDescriptors();
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), held));

  test("a congestion control is registered by a link, replaced and taken back", () => {
    using object = loadObject(spec);
    const table = (name: string): StructOpsTable => {
      const found = object.structOps.get(name);
      assert.ok(found !== undefined);
      return found;
    };
    {
      using link = attachStructOps(table("first"));
      assert.ok(registered().includes(NAME));
      assert.throws(() => attachStructOps(table("second")), refused("already-exists", /BPF_LINK_CREATE/));
      const info = link.info();
      assert.ok(info.kind === "struct-ops");
      assert.equal(info.mapId, table("first").map.info().id);
      link.replace(table("second"));
      const now = link.info();
      assert.ok(now.kind === "struct-ops" && now.mapId === table("second").map.info().id);
      assert.throws(() => link.replace(table("other")), refused("system-call-failed", /EINVAL.*same name/));
      assert.throws(
        () => link.update(object.program("ssthresh")),
        refused("not-supported", /by a table, not by a program/),
      );
    }
    assert.ok(!registered().includes(NAME));
    using plain = attachStructOps(table("plain"));
    assert.ok(registered().includes(`${NAME}p`));
    assert.throws(() => plain.replace(table("first")), refused("not-supported", /\.struct_ops\.link/));
    assert.throws(() => plain.pin("/sys/fs/bpf/none"), refused("not-supported", /no link/));
    plain.detach();
    assert.ok(!registered().includes(`${NAME}p`));
  });
});
