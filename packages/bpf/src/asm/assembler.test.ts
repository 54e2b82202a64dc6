import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BpfError } from "../errors.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { aluImm, aluReg, byteSwap, movImm, movReg, movSigned, neg, toEndian } from "./arithmetic.js";
import { decodeInstructions } from "./decode.js";
import { disassemble } from "./disassemble.js";
import { encodeInstructions } from "./encode.js";
import {
  callFunction,
  callHelper,
  callRegister,
  exit,
  jump,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
} from "./flow.js";
import { type Instruction, R0, R1, R2, R6, R10, withLabel } from "./instruction.js";
import {
  atomic,
  load,
  loadFunction,
  loadImm64,
  loadMapFd,
  loadPacket,
  loadSigned,
  storeImm,
  storeReg,
} from "./memory.js";

// Bytes as clang 14 and GNU as write them, text as the kernel's kernel/bpf/disasm.c prints it.
const cases: readonly { have: Instruction; hex: string; text: string }[] = [
  { have: movReg(R1, R10), hex: "bfa1000000000000", text: "0: (bf) r1 = r10" },
  { have: movImm(R0, -1, 32), hex: "b4000000ffffffff", text: "0: (b4) w0 = -1" },
  { have: aluImm("add", R1, -8), hex: "07010000f8ffffff", text: "0: (07) r1 += -8" },
  { have: aluReg("sdiv", R1, R2), hex: "3f21010000000000", text: "0: (3f) r1 s/= r2" },
  { have: aluImm("smod", R1, 3, 32), hex: "9401010003000000", text: "0: (94) w1 s%= 3" },
  { have: neg(R2), hex: "8702000000000000", text: "0: (87) r2 = -r2" },
  { have: movSigned(R1, R2, 8), hex: "bf21080000000000", text: "0: (bf) r1 = (s8)r2" },
  { have: toEndian("be", R1, 16), hex: "dc01000010000000", text: "0: (dc) r1 = be16 r1" },
  { have: byteSwap(R1, 64), hex: "d701000040000000", text: "0: (d7) r1 = bswap64 r1" },
  { have: load(8, R1, R2, 8), hex: "7921080000000000", text: "0: (79) r1 = *(u64 *)(r2 +8)" },
  { have: loadSigned(4, R1, R2, -4), hex: "8121fcff00000000", text: "0: (81) r1 = *(s32 *)(r2 -4)" },
  { have: storeReg(4, R10, -4, R1), hex: "631afcff00000000", text: "0: (63) *(u32 *)(r10 -4) = r1" },
  { have: storeImm(1, R10, -1, 7), hex: "720affff07000000", text: "0: (72) *(u8 *)(r10 -1) = 7" },
  { have: atomic("add", 8, R1, 0, R2), hex: "db21000000000000", text: "0: (db) lock *(u64 *)(r1 +0) += r2" },
  {
    have: atomic("or", 4, R1, 0, R2, true),
    hex: "c321000041000000",
    text: "0: (c3) r2 = atomic_fetch_or((u32 *)(r1 +0), r2)",
  },
  {
    have: atomic("cmpxchg", 8, R1, 0, R2),
    hex: "db210000f1000000",
    text: "0: (db) r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)",
  },
  { have: loadPacket(4, 12), hex: "200000000c000000", text: "0: (20) r0 = *(u32 *)skb[12]" },
  { have: loadPacket(2, 1, R6), hex: "4860000001000000", text: "0: (48) r0 = *(u16 *)skb[r6 + 1]" },
  {
    have: loadImm64(R1, 0x1122334455667788n),
    hex: "18010000887766550000000044332211",
    text: "0: (18) r1 = 0x1122334455667788",
  },
  { have: loadMapFd(R1, 5), hex: "18110000050000000000000000000000", text: "0: (18) r1 = map[fd:5]" },
  {
    have: callHelper(HelperFunction.map_lookup_elem),
    hex: "8500000001000000",
    text: "0: (85) call bpf_map_lookup_elem#1",
  },
  { have: callFunction(5), hex: "8510000005000000", text: "0: (85) call pc+5" },
  { have: callRegister(R1), hex: "8d01000000000000", text: "0: (8d) callx r1" },
  { have: jump(-2), hex: "0500feff00000000", text: "0: (05) goto pc-2" },
  { have: jumpLong(70000), hex: "0600000070110100", text: "0: (06) gotol pc+70000" },
  { have: jumpIfImm("eq", R1, 0, 3), hex: "1501030000000000", text: "0: (15) if r1 == 0x0 goto pc+3" },
  { have: jumpIfReg("slt", R1, R2, 3, 32), hex: "ce21030000000000", text: "0: (ce) if w1 s< w2 goto pc+3" },
  { have: exit(), hex: "9500000000000000", text: "0: (95) exit" },
];

for (const { have, hex, text } of cases) {
  test(`${text.slice(8)} is encoded, decoded and printed`, () => {
    const bytes = encodeInstructions([have]);
    assert.equal(Buffer.from(bytes).toString("hex"), hex);
    assert.deepEqual(decodeInstructions(bytes), [have]);
    assert.equal(disassemble([have]), text);
  });
}

test("labels become distances in slots, wide instructions counted twice", () => {
  const program = [
    jumpIfImm("eq", R1, 0, "out"),
    loadImm64(R0, 1n),
    callFunction("sub"),
    loadFunction(R2, "sub"),
    withLabel("out", exit()),
    withLabel("sub", movImm(R0, 2)),
    jump("out"),
  ];
  const decoded = decodeInstructions(encodeInstructions(program));
  assert.equal(decoded[0]?.offset, 5);
  assert.equal(decoded[2]?.imm, 3);
  assert.equal(decoded[3]?.imm, 2);
  assert.equal(decoded[6]?.offset, -3);
  assert.match(disassemble(program), /if r1 == 0x0 goto out\n1: .*\nout:\n6: \(95\) exit\nsub:/s);
});

test("unknown labels, double labels and far jumps are refused", () => {
  assert.throws(() => encodeInstructions([jump("nowhere")]), BpfError);
  assert.throws(() => encodeInstructions([withLabel("a", exit()), withLabel("a", exit())]), /defined twice/);
  const far = [jump("end"), ...Array.from({ length: 33_000 }, () => movImm(R0, 0)), withLabel("end", exit())];
  assert.throws(() => encodeInstructions(far), /more than 16 bits hold/);
});

test("any bytes decode to instructions that encode to the same bytes, or are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      let decoded: Instruction[];
      try {
        decoded = decodeInstructions(bytes);
      } catch (error) {
        assert.ok(error instanceof BpfError);
        return;
      }
      assert.equal(disassemble(decoded).split("\n").length, Math.max(decoded.length, 1));
      const again = encodeInstructions(decoded);
      // The second slot of ld_imm64 has reserved bytes that are not kept.
      if (decoded.every((one) => one.opcode !== 0x18)) assert.deepEqual(again, bytes);
      assert.deepEqual(decodeInstructions(again), decoded);
    }),
  );
});
