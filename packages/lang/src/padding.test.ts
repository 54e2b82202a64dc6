import assert from "node:assert/strict";
import { test } from "node:test";
import { loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

const program = `package padding

type K struct { A uint8; B uint32; C uint8; D uint64; E uint16 }
type Outer struct { X uint8; K K; Y [2]K; Z uint8 }

var out = bpf.Hash[uint32, Outer](16)
var one = bpf.Hash[uint32, K](16)

func dirty(x uint64) uint64 {
	var a [16]uint64
	for i := range 16 {
		a[i] = ^x
	}
	return a[x & 15]
}
func made(a uint8) K { return K{A: a, D: 4} }
func named(a uint8) (k K) {
	k.A = a
	return
}

// @xdp
func main(ctx *bpf.XDP) int {
	d := dirty(0)
	one.Update(0, K{1, 2, 3, 4, 5})
	one.Update(1, K{A: uint8(d)})
	var k K
	k.B = uint32(d)
	one.Update(2, &k)
	l := k
	l.C = 9
	one.Update(3, l)
	one.Update(4, made(7))
	one.Update(5, named(8))
	ks := [3]K{{A: 1}, {B: 2}}
	one.Update(6, ks[1])
	dirty(uint64(ctx.rx_queue_index))
	out.Update(0, Outer{X: 1, K: K{A: 2}, Y: [2]K{{C: 3}}, Z: 4})
	o := Outer{K: made(5)}
	o.Y[1] = named(6)
	out.Update(1, o)
	return 0
}
`;

/** gaps are the bytes of K between its fields, at an offset. */
const gaps = (at: number): number[] =>
  [1, 2, 3, 9, 10, 11, 12, 13, 14, 15, 26, 27, 28, 29, 30, 31].map((i) => at + i);

test("padding is cleared on the way to user space, whatever the stack held", { skip: cannotRun() }, () => {
  for (const cpu of ["v1", "v2", "v3", "v4"] as const) {
    using object = loadObject(readObject(build(program, { cpu }).object));
    object.program("main").testRun({ data: new Uint8Array(64) });
    for (let key = 0; key < 7; key++) {
      const value = object.map("one").lookup(u32Bytes(key));
      assert.ok(value);
      for (const at of gaps(0)) assert.equal(value[at], 0, `${cpu}: key ${key}, byte ${at}`);
    }
    for (let key = 0; key < 2; key++) {
      const value = object.map("out").lookup(u32Bytes(key));
      assert.ok(value);
      const around = [1, 2, 3, 4, 5, 6, 7, 105, 106, 107, 108, 109, 110, 111];
      for (const at of [...around, ...gaps(8), ...gaps(40), ...gaps(72)])
        assert.equal(value[at], 0, `${cpu}: Outer ${key}, byte ${at}`);
    }
  }
});
