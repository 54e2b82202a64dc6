import assert from "node:assert/strict";
import { test } from "node:test";
import { build, cannotRun, load, machineOptions, runXdp } from "../testing/live.js";

/** assembly compiles a program and gives its instructions as text. */
function assembly(text: string): string[] {
  const { stages } = build(text, { ...machineOptions(), emit: ["asm"] });
  return (stages.asm ?? "").split("\n").filter((line) => /^\d+:/.test(line));
}

const count = (lines: readonly string[], what: RegExp): number =>
  lines.filter((line) => what.test(line)).length;

const packet = new Uint8Array(64).map((_, i) => i);

test("a packet's end is compared once, and what ends the program stands there once", () => {
  const text = `
type Head struct { A [12]byte; Kind uint16; X, Y uint32 }
// @xdp
func main(ctx *bpf.XDP) int {
	h := bpf.Packet[Head](ctx, 0)
	if h == nil { return bpf.XDP_PASS }
	if h.Kind == 7 { return bpf.XDP_PASS }
	if h.X > h.Y { return bpf.XDP_PASS }
	return int(h.X)
}`;
  const code = assembly(text);
  assert.equal(count(code, /\bif\b/), 3, code.join("\n"));
  assert.ok(count(code, /exit/) <= 2, code.join("\n"));
});

test("a key that was put on the stack is not put there again, and no bound is checked twice", () => {
  const code = assembly(`
var m = bpf.Hash[uint32, uint64](16)
// @xdp
func main(ctx *bpf.XDP) int {
	k := bpf.Random()
	p := m.Lookup(k)
	if p == nil { return 0 }
	v := *p
	m.Delete(k)
	if k < 100 {
		if k < 200 { return int(v) }
		return 1
	}
	return 0
}`);
  assert.equal(count(code, /\*\(u\d+ \*\)\(r10/), 1, code.join("\n"));
  assert.equal(count(code, /\bif\b/), 2, code.join("\n"));
});

test("a record is cleared only where nothing else is written", () => {
  const code = assembly(`
type Event struct { A, B uint64; C, D uint32; Name [16]byte; Left uint64 }
var ring = bpf.RingBuf[Event](4096)
// @raw_tp:sys_enter
func main(ctx *bpf.RawTracepoint) int {
	e := ring.Reserve()
	if e == nil { return 0 }
	e.A = bpf.KtimeNS()
	e.B = min(e.A, 100)
	e.C, e.D = 1, bpf.PID()
	e.Name = bpf.Comm()
	ring.Submit(e)
	return 0
}`);
  assert.equal(count(code, /= 0$/), 1 + 3, code.join("\n"));
});

test("what a remainder or a swap of bytes can be is checked where the verifier does not know it", {
  skip: cannotRun(),
}, () => {
  const text = `
// @xdp
func main(ctx *bpf.XDP) int {
	p := bpf.Packet[[32]byte](ctx, 0)
	if p == nil { return -1 }
	var bytes [16]uint8
	for i := range bytes { bytes[i] = uint8(i * 3) }
	a := bytes[p[5] % 10]
	b := bytes[(p[6] % 3) & 7]
	c := uint32(bpf.Ntohs(uint16(p[2])) >> 9) % 16
	return int(a) * 65536 + int(b) * 256 + int(bytes[c])
}`;
  assert.equal(runXdp(text, packet), 15 * 65536 + 3);
});

test("a value that is pushed is not taken for the key that was looked up", { skip: cannotRun() }, () => {
  const text = `
var seen = bpf.Array[uint64](4)
var queue = bpf.Queue[uint32](8)
// @xdp
func main(ctx *bpf.XDP) int {
	p := bpf.Packet[[16]uint32](ctx, 0)
	if p == nil { return -1 }
	seen.Increment(0)
	queue.Push(p[0])
	queue.Push(0)
	queue.Push(p[1])
	var a, b, c uint32
	queue.Pop(&a)
	queue.Pop(&b)
	queue.Pop(&c)
	if b != 0 { return -2 }
	return int(a ^ c)
}`;
  assert.equal(runXdp(text, packet), 0x03020100 ^ 0x07060504);
});

test("loops whose tests moved to their ends, one behind the other and one in the other, count right", {
  skip: cannotRun(),
}, () => {
  const text = `
// @xdp
func main(ctx *bpf.XDP) int {
	p := bpf.Packet[[16]byte](ctx, 0)
	if p == nil { return -1 }
	sum := 0
	for i := 0; i < 5; i++ { sum += i }
	for i := 0; i < 5; i++ {
		for j := range 4 {
			if j == int(p[2]) { continue }
			sum += i * j
		}
		if sum > 1000 { break }
	}
	for n := int(p[1]); n < 5; n++ { sum += 100 }
	for n := int(p[9]); n < 5; n++ { sum += 1000 }
	return sum
}`;
  // 0+1+2+3+4, then (0+1+3) for each i, then four rounds and none.
  assert.equal(runXdp(text, packet), 10 + 10 * 4 + 400);
});

test("an array of a function that the kernel calls is indexed in that function's frame", {
  skip: cannotRun(),
}, () => {
  const text = `
// @xdp
func main(ctx *bpf.XDP) int {
	p := bpf.Packet[[16]byte](ctx, 0)
	if p == nil { return -1 }
	var outer [8]uint8
	for i := range outer { outer[i] = uint8(10 + i) }
	total := 0
	bpf.Loop(3, func(i uint32) bool {
		var inner [8]uint8
		for j, v := range outer { inner[j] = v + uint8(i) }
		total += int(inner[i & 7])
		return false
	})
	return total
}`;
  assert.equal(runXdp(text, packet), 10 + 12 + 14);
});

test("memory that others change is read again", { skip: cannotRun() }, () => {
  const text = `
type Cell struct { A, B uint64 }
var cells = bpf.Array[Cell](2)
var total uint64
func touch(n uint64) uint64 { total += n; return total }
// @xdp
func main(ctx *bpf.XDP) int {
	p := cells.Lookup(0)
	q := cells.Lookup(1)
	if p == nil || q == nil { return -1 }
	p.A, q.A = 1, 2
	r := cells.Lookup(0)
	if r == nil { return -2 }
	r.A = 5
	first := p.A
	cells.Update(0, Cell{A: 7})
	return int(first * 100 + p.A * 10 + q.A + touch(3) * 1000 + touch(4) * 10000)
}`;
  assert.equal(runXdp(text, new Uint8Array(64)), 500 + 70 + 2 + 3000 + 70000);
});

test("old bytes stay behind a text only where the record was reserved for texts", () => {
  const program = (reserve: string): string => `
type Event struct { Id uint64; Name [256]byte }
var ring = bpf.RingBuf[Event](4096)
// @tracepoint:syscalls:sys_enter_openat
func main(ctx *bpf.Tracepoint) int {
	e := ${reserve}
	if e == nil { return 0 }
	e.Id = 1
	bpf.ReadUserString(&e.Name, ctx.filename)
	ring.Submit(e)
	return 0
}`;
  const cleared = (text: string): number => count(assembly(text), /^\d+: \(7a\)/);
  assert.equal(cleared(program("ring.Reserve()")), 1 + 32);
  assert.equal(cleared(program("bpf.ReserveText[Event](&ring)")), 1);
});

test("AtomicAdd adds to what several processors count", { skip: cannotRun() }, () => {
  using object = load(`
var seen uint64
var small uint32
// @xdp
func main(ctx *bpf.XDP) int {
	bpf.AtomicAdd(&seen, 2)
	bpf.AtomicAdd(&small, 3)
	return 0
}`);
  for (let i = 0; i < 3; i++) object.program("main").testRun({ data: new Uint8Array(64) });
  assert.equal(object.variable("seen").getBigUint64(0, true), 6n);
  assert.equal(object.variable("small").getUint32(0, true), 9);
});

test("AtomicExchange gives what was there, once", { skip: cannotRun() }, () => {
  using object = load(`
var claimed uint64
var small uint32
var got uint64
// @xdp
func main(ctx *bpf.XDP) int {
	if bpf.AtomicExchange(&claimed, 7) == 0 { got += 1 }
	got += uint64(bpf.AtomicExchange(&small, 0xfffffffe)) << 8
	bpf.AtomicExchange(&claimed, 9)
	return int(claimed)
}`);
  const runs = Array.from({ length: 2 }, () => object.program("main").testRun({ data: new Uint8Array(64) }));
  assert.deepEqual(
    runs.map((run) => run.result),
    [9, 9],
  );
  assert.equal(object.variable("got").getBigUint64(0, true), 1n + (0xfffffffen << 8n));
});

test("texts of several words are equal only when all words are", { skip: cannotRun() }, () => {
  const text = `
// @xdp
func main(ctx *bpf.XDP) int {
	p := bpf.Packet[[16]byte](ctx, 0)
	if p == nil { return -1 }
	found := 0
	if bpf.HasPrefix(p, "DELETE ") { found |= 1 }
	if !bpf.HasPrefix(p, "DELETE /x") { found |= 2 }
	same := bpf.HasPrefix(p, "DELE")
	if same { found |= 4 }
	var other [16]byte
	other = *p
	if other == *p { found |= 8 }
	other[15]++
	if other != *p { found |= 16 }
	return found
}`;
  const data = (start: string): Uint8Array => {
    const bytes = new Uint8Array(64).fill(0x2e);
    bytes.set(Buffer.from(start, "latin1"));
    return bytes;
  };
  assert.equal(runXdp(text, data("DELETE /x")), 1 | 4 | 8 | 16);
  assert.equal(runXdp(text, data("DELETE /y")), 1 | 2 | 4 | 8 | 16);
  assert.equal(runXdp(text, data("DELETF /x")), 2 | 4 | 8 | 16);
  assert.equal(runXdp(text, data("DELETE-/x")), 2 | 4 | 8 | 16);
  assert.equal(runXdp(text, data("XELETE /x")), 2 | 8 | 16);
});
