import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "../testing/live.js";

const text = `var calls = bpf.Hash[uint32, uint64](16)
//go:noinline
func twice(n uint64) uint64 { return n * 2 }
// @xdp
func main(ctx *bpf.XDP) int {
	calls.Increment(7)
	return int(twice(bpf.KtimeNS()))
}
`;

test("listings show source lines, maps, helpers and subprograms by name", () => {
  const { asm = "", ssa = "" } = build(text, { emit: ["asm", "ssa"] }).stages;
  assert.match(asm, /^main: # xdp, \d+ instructions, \d+ bytes of stack$/m);
  assert.match(asm, /^; test\.go3s:6 {2}calls\.Increment\(7\)$/m);
  assert.match(asm, /^\d+: \(18\) r\d = .* ; map calls$/m);
  assert.match(asm, /^\d+: \(85\) call .* ; twice$/m);
  assert.match(asm, /^twice: # \.text, \d+ instructions$/m);
  assert.match(ssa, /^ {2}; test\.go3s:7 {2}return int\(twice/m);
  assert.match(ssa, /= call map_lookup_elem v\d+ v\d+ nilable$/m);
});
