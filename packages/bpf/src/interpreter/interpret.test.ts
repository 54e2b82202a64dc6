import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { assemble } from "../asm/assemble.js";
import { mayGoto } from "../asm/flow.js";
import { type Instruction, R0, R1, R2 } from "../asm/instruction.js";
import { loadAcquire, loadMapFd, loadPacket, storeRelease } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { type InterpreterOptions, interpret } from "./interpret.js";
import { InterpreterMemory } from "./memory.js";
import { prepareProgram } from "./prepare.js";

function run(text: string, options?: InterpreterOptions): bigint {
  return interpret(prepareProgram(assemble(text)), options).result;
}

/** A fragment that leaves its answer in r0, with r1 and r2 given. */
const operations: readonly [code: string, r1: bigint, r2: bigint, want: bigint][] = [
  ["mov r0, r1\nadd r0, r2", 0xffffffffn, 1n, 0x1_0000_0000n],
  ["mov r0, r1\nadd r0, r2", 0xffffffff_ffffffffn, 2n, 1n],
  ["mov r0, r1\nsub r0, r2", 0n, 1n, 0xffffffff_ffffffffn],
  ["mov r0, r1\nsub r0, r2", 0x1_0000_0000n, 1n, 0xffffffffn],
  ["mov r0, r1\nmul r0, r2", 0xffffffff_ffffffffn, 3n, 0xffffffff_fffffffdn],
  ["mov r0, r1\ndiv r0, r2", 0xffffffff_fffffffen, 2n, 0x7fffffff_ffffffffn],
  ["mov r0, r1\nsdiv r0, r2", -7n, 2n, -3n],
  ["mov r0, r1\nsdiv r0, r2", -0x8000000000000000n, -1n, -0x8000000000000000n],
  ["mov r0, r1\nsmod r0, r2", -7n, 3n, -1n],
  ["mov r0, r1\nsmod r0, r2", -0x8000000000000000n, -1n, 0n],
  ["mov r0, r1\ndiv r0, r2", 5n, 0n, 0n],
  ["mov r0, r1\nmod r0, r2", 5n, 0n, 5n],
  ["mov r0, r1\nmod32 r0, r2", 0xf_0000_0005n, 0n, 5n],
  ["mov r0, r1\nsdiv32 r0, r2", 0x80000000n, 0xffffffffn, 0x80000000n],
  ["mov r0, r1\nsmod32 r0, -3", 0xfffffff9n, 0n, 0xffffffffn],
  ["mov r0, r1\nmul32 r0, r2", 0x10001n, 0x10001n, 0x20001n],
  ["mov r0, r1\nneg r0", 0n, 0n, 0n],
  ["mov r0, r1\nneg r0", 0x1_0000_0000n, 0n, -0x1_0000_0000n],
  ["mov r0, r1\nneg32 r0", 1n, 0n, 0xffffffffn],
  ["mov r0, r1\nlsh r0, r2", 1n, 63n, 0x8000000000000000n],
  ["mov r0, r1\nlsh r0, r2", 1n, 65n, 2n],
  ["mov r0, r1\nrsh r0, r2", 0x8000000000000001n, 32n, 0x80000000n],
  ["mov r0, r1\narsh r0, r2", -0x8000000000000000n, 33n, 0xffffffff_c0000000n],
  ["mov r0, r1\narsh r0, 4", -256n, 0n, -16n],
  ["mov r0, r1\narsh32 r0, r2", 0x80000000n, 31n, 0xffffffffn],
  ["mov r0, r1\nlsh32 r0, r2", 0xff_ffffffffn, 33n, 0xfffffffen],
  ["mov32 r0, -1", 0n, 0n, 0xffffffffn],
  ["mov r0, -1", 0n, 0n, 0xffffffff_ffffffffn],
  ["mov r0, r1\nor r0, -16", 1n, 0n, 0xffffffff_fffffff1n],
  ["mov r0, r1\nand r0, -16", 0xffffffff_ffffffffn, 0n, 0xffffffff_fffffff0n],
  ["mov r0, r1\nxor32 r0, r2", 0xff_00ff00ffn, 0xffffn, 0x00ffff00n],
  ["movsx864 r0, r1", 0x80n, 0n, -128n],
  ["movsx1632 r0, r1", 0x8000n, 0n, 0xffff8000n],
  ["movsx3264 r0, r1", 0x80000000n, 0n, -0x80000000n],
  ["mov r0, r1\nbe16 r0", 0xaabb1234n, 0n, 0x3412n],
  ["mov r0, r1\nbe32 r0", 0xff_12345678n, 0n, 0x78563412n],
  ["mov r0, r1\nbswap64 r0", 0x0102030405060708n, 0n, 0x0807060504030201n],
  ["mov r0, r1\nle32 r0", 0xff_12345678n, 0n, 0x12345678n],
  ["mov r0, r1\nle64 r0", 0xff_12345678n, 0n, 0xff_12345678n],
];

for (const [code, r1, r2, want] of operations) {
  test(`${code.replaceAll("\n", "; ")} of ${r1} and ${r2}`, () => {
    assert.equal(run(`${code}\nexit`, { arguments: [r1, r2] }), BigInt.asUintN(64, want));
  });
}

const conditions: readonly [mnemonic: string, left: bigint, right: bigint, want: boolean][] = [
  ["jgt", 0xffffffff_ffffffffn, 1n, true],
  ["jsgt", 0xffffffff_ffffffffn, 1n, false],
  ["jslt", -2n, -1n, true],
  ["jle", 5n, 5n, true],
  ["jset", 0x8000000000000000n, 0x8000000000000001n, true],
  ["jset", 6n, 9n, false],
  ["jeq32", 0x1_00000005n, 5n, true],
  ["jlt32", 0x1_00000005n, 6n, true],
  ["jsge32", 0xffffffffn, 0n, false],
  ["jgt32", 0x80000000n, 1n, true],
  ["jset32", 0x1_00000000n, 0x1_00000000n, false],
];
for (const [mnemonic, left, right, want] of conditions) {
  test(`${mnemonic} of ${left} and ${right}`, () => {
    const code = `mov r0, 1\n${mnemonic} r1, r2, exit\nmov r0, 0\nexit`;
    assert.equal(run(code, { arguments: [left, right] }), want ? 1n : 0n);
  });
}

describe("memory", () => {
  const bytes = (...values: number[]): { memory: InterpreterMemory; address: bigint; data: Uint8Array } => {
    const memory = new InterpreterMemory();
    const data = Uint8Array.from(values);
    return { memory, data, address: memory.add("data", data) };
  };

  test("is read and written in place, signs extended", () => {
    const { memory, address, data } = bytes(0xff, 0x80, 3, 4, 5, 6, 7, 8);
    const options = { memory, arguments: [address] };
    assert.equal(run("ldxdw r0, [r1]\nexit", options), 0x08070605040380ffn);
    assert.equal(run("ldxsb r0, [r1]\nexit", options), BigInt.asUintN(64, -1n));
    assert.equal(run("ldxsh r0, [r1]\nexit", options), BigInt.asUintN(64, -32513n));
    assert.equal(run("ldxw r0, [r1+4]\nexit", options), 0x08070605n);
    run("stw [r1+4], -2\nstb [r1], 9\nmov r0, 0\nexit", options);
    assert.deepEqual([...data], [9, 0x80, 3, 4, 0xfe, 0xff, 0xff, 0xff]);
  });

  test("atomic operations give the old value where they are asked to", () => {
    const start = "stdw [r10-8], 40\nmov r1, 2\n";
    assert.equal(run(`${start}lock fetch add [r10-8], r1\nldxdw r0, [r10-8]\nmul r0, r1\nexit`), 1680n);
    assert.equal(run(`${start}lock or [r10-8], r1\nldxdw r0, [r10-8]\nexit`), 42n);
    assert.equal(run(`${start}lock xchg [r10-8], r1\nldxdw r0, [r10-8]\nlsh r0, 8\nor r0, r1\nexit`), 0x228n);
    const swap = "lock cmpxchg [r10-8], r1\nldxdw r2, [r10-8]\nlsh r2, 8\nor r0, r2\nexit";
    assert.equal(run(`${start}mov r0, 40\n${swap}`), 0x228n);
    assert.equal(run(`${start}mov r0, 41\n${swap}`), 0x2828n);
    // 32 bits: only they are compared and changed, and what comes back has no upper half.
    const narrow = "lddw r3, 0x1_1\n".replace("_", "0000000");
    assert.equal(
      run(`${narrow}stxdw [r10-8], r3\nlddw r0, 0x900000001\nmov r1, 5\nlock cmpxchg32 [r10-8], r1\nexit`),
      1n,
    );
  });

  test("acquire and release are loads and stores", () => {
    const code: Instruction[] = [
      ...assemble("mov r1, 77"),
      storeRelease(4, 10, -4, R1),
      loadAcquire(4, R0, 10, -4),
      ...assemble("exit"),
    ];
    assert.equal(interpret(prepareProgram(code)).result, 77n);
  });

  test("what lies beside it is told with the instruction", () => {
    const { memory, address } = bytes(1, 2, 3, 4);
    const readOnly = memory.add("constants", new Uint8Array(4), false);
    const faults: readonly [code: string, why: RegExp][] = [
      [
        "ldxw r0, [r1+1]\nexit",
        /instruction 0 \(r0 = \*\(u32 \*\)\(r1 \+1\)\): read of 4 bytes at offset 1 of "data", which has 4/,
      ],
      ["ldxb r0, [r1-1]\nexit", /which is no memory|at offset -1/],
      ["stb [r2], 1\nexit", /write of 1 bytes to "constants", which is read-only/],
      ["mov r3, 0\nldxb r0, [r3+8]\nexit", /instruction 1 .* at 0x8, which is no memory/],
      ["stdw [r10], 1\nexit", /of "stack", which has 4096/],
      ["call 77\nexit", /no helper function 77/],
      ["ja +5\nexit", /instruction 6: the program runs to where there is no instruction/],
      ["mov r0, 1", /instruction 1: the program runs to/],
      ["again: call local again\nexit", /calls are too deep/],
      ["lddw r0, 1\nja -2", /instruction 1: the program runs to/],
    ];
    for (const [code, why] of faults) {
      assert.throws(
        () => run(code, { memory, arguments: [address, readOnly] }),
        (error) => error instanceof BpfError && error.code === "program-fault" && why.test(error.message),
        code,
      );
    }
  });
});

test("functions have registers and stacks of their own", () => {
  const code = `
    mov r6, 6
    stdw [r10-8], 1
    mov r1, 20
    call local twice
    ldxdw r2, [r10-8]
    add r0, r2
    add r0, r6
    exit
  twice:
    mov r6, 99
    stdw [r10-8], 50
    mov r0, r1
    add r0, r1
    exit`;
  assert.equal(run(code), 47n);
});

test("helpers get five arguments and the memory, and may give out more of it", () => {
  const value = Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0);
  const helpers = new Map([
    [
      1,
      (given: readonly bigint[], memory: InterpreterMemory) => {
        const key = memory.bytes(given[1] ?? 0n, 4);
        return key[0] === 3 ? memory.add("value", value) : 0n;
      },
    ],
  ]);
  const code = [
    loadMapFd(R1, 9),
    ...assemble(`
      stw [r10-4], 3
      mov r2, r10
      add r2, -4
      call 1
      jeq r0, 0, exit
      mov r1, 1
      lock add [r0], r1
      ldxdw r0, [r0]
      exit`),
  ];
  const reference = ({ imm }: Instruction): bigint => BigInt(imm);
  assert.equal(interpret(prepareProgram(code), { helpers, reference }).result, 6n);
  assert.equal(value[0], 6);
});

test("a program that does not end is stopped", () => {
  assert.throws(() => run("again: ja again", { limit: 1000 }), /instruction 0 .*more than 1000 instructions/);
  // may_goto leaves its loop by itself, after 8 million rounds; here the limit comes first.
  const loop = [...assemble("mov r0, 0\nadd r0, 1"), mayGoto(1), ...assemble("ja -3\nexit")];
  assert.throws(() => interpret(prepareProgram(loop), { limit: 1000 }), /more than 1000/);
});

test("what is not interpreted is said", () => {
  assert.throws(
    () => interpret(prepareProgram([loadPacket(4, 0), ...assemble("exit")])),
    /legacy packet loads/,
  );
  assert.throws(() => interpret(prepareProgram([loadMapFd(R2, 1), ...assemble("exit")])), /none was given/);
});

test("any bytes are run, refused or stopped", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 96 }), (bytes) => {
      try {
        interpret(prepareProgram(bytes.subarray(0, bytes.length & ~7)), { limit: 2000 });
      } catch (error) {
        assert.ok(error instanceof BpfError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
