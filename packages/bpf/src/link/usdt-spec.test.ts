import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachine, parseUsdtArguments } from "@go3s/binary";
import { encodeUsdtSpec, type UsdtSpecLayout } from "./usdt-spec.js";

// As clang lays out struct __bpf_usdt_spec before libbpf 1.7, and from then on.
const OLD: UsdtSpecLayout = {
  bytes: 208,
  argumentBytes: 16,
  mostArguments: 12,
  cookieAt: 192,
  countAt: 200,
  valueAt: 0,
  typeAt: 8,
  registerAt: 12,
  signedAt: 14,
  shiftAt: 15,
  indexBitAt: undefined,
  scaleBitAt: undefined,
};
const NEW: UsdtSpecLayout = { ...OLD, indexBitAt: 80, scaleBitAt: 92 };
const SITE = {
  isArm: false,
  address: 0x1000,
  symbol: (name: string) => (name === "here" ? 0x5000 : undefined),
};

function encoded(text: string, layout = OLD, machine: number = elfMachine.X86_64) {
  const isArm = machine === elfMachine.AARCH64;
  const bytes = encodeUsdtSpec(layout, parseUsdtArguments(machine, text), { ...SITE, isArm }, 9n);
  const view = new DataView(bytes.buffer);
  assert.equal(bytes.length, 208);
  assert.equal(view.getBigUint64(192, true), 9n);
  return Array.from({ length: view.getInt16(200, true) }, (_, index) => {
    const at = index * 16;
    const scale = view.getUint16(at + 10, true);
    return {
      value: view.getBigInt64(at, true),
      type: view.getUint8(at + 8),
      register: view.getInt16(at + 12, true),
      signed: view.getUint8(at + 14),
      shift: view.getUint8(at + 15),
      ...(layout === NEW && { index: scale & 0xfff, scale: scale >> 12 }),
    };
  });
}

test("arguments of x86-64 are told to programs as they read them", () => {
  const [constant, register, stack, variable, high, vector, none] = encoded(
    "-4@$-9 8@%rax -2@-1204(%rbp) 8@here+4(%rip) 1@%ah 8f@%xmm0 4@nowhere(%rip)",
  );
  assert.deepEqual(constant, { value: -9n, type: 0, register: 0, signed: 1, shift: 32 });
  assert.deepEqual(register, { value: 0n, type: 1, register: 80, signed: 0, shift: 0 });
  assert.deepEqual(stack, { value: -1204n, type: 2, register: 32, signed: 1, shift: 48 });
  assert.deepEqual(variable, { value: 0x4004n, type: 2, register: 128, signed: 0, shift: 0 });
  assert.deepEqual(high, { value: 0n, type: 1, register: 81, signed: 0, shift: 56 });
  assert.equal(vector?.type, 255);
  assert.equal(none?.type, 255);
});

test("an element by two registers needs an object that knows them", () => {
  const text = "4@8(%rdi,%rcx,4)";
  assert.equal(encoded(text)[0]?.type, 255);
  assert.deepEqual(encoded(text, NEW)[0], {
    value: 8n,
    type: 3,
    register: 112,
    signed: 0,
    shift: 32,
    index: 88,
    scale: 2,
  });
});

test("arguments of arm64 are told by its registers", () => {
  const [first, second, third] = encoded("-4@x5 8@[sp, 24] 4@-7", OLD, elfMachine.AARCH64);
  assert.deepEqual(first, { value: 0n, type: 1, register: 40, signed: 1, shift: 32 });
  assert.deepEqual(second, { value: 24n, type: 2, register: 248, signed: 0, shift: 0 });
  assert.deepEqual(third, { value: -7n, type: 0, register: 0, signed: 0, shift: 32 });
});
