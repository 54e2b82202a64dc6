import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { aluImm, aluReg, movImm } from "../asm/arithmetic.js";
import { decodeInstructions } from "../asm/decode.js";
import { disassemble } from "../asm/disassemble.js";
import { encodeInstructions } from "../asm/encode.js";
import { exit } from "../asm/flow.js";
import { type Instruction, R0, R1, R2, R9, R10, type Register } from "../asm/instruction.js";
import { load, loadMapValue, storeReg } from "../asm/memory.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import { skipWithoutBpf } from "../testing/kernel.js";
import { RANDOM_STACK, randomCode, randomInputs } from "../testing/random-code.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { interpret } from "./interpret.js";
import { InterpreterMemory } from "./memory.js";
import { prepareProgram } from "./prepare.js";

const REGISTERS: readonly Register[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const CELLS = REGISTERS.length + 1;

/** The map's value: a word for the result, ten for what the registers begin with. */
function wholeProgram(code: readonly Instruction[], fd: number): Instruction[] {
  const fromMap = REGISTERS.map((register) => load(8, register, R9, 8 * (register + 1)));
  const stack: Instruction[] = [];
  for (let at = 8; at <= RANDOM_STACK; at += 8) stack.push(storeReg(8, R10, -at, R0));
  // All registers and the stack go into the result; 31 keeps them apart.
  const mix = REGISTERS.slice(1).flatMap((register) => [aluImm("mul", R0, 31), aluReg("xor", R0, register)]);
  const read: Instruction[] = [];
  for (let at = 8; at <= RANDOM_STACK; at += 8) {
    read.push(load(8, R1, R10, -at), aluImm("mul", R0, 31), aluReg("xor", R0, R1));
  }
  return [
    loadMapValue(R9, fd, 0),
    ...fromMap,
    ...stack,
    ...code,
    ...mix,
    ...read,
    loadMapValue(R2, fd, 0),
    storeReg(8, R2, 0, R0),
    movImm(R0, 0),
    exit(),
  ];
}

function interpreted(program: readonly Instruction[], inputs: readonly bigint[]): bigint {
  const memory = new InterpreterMemory();
  const value = new Uint8Array(BigUint64Array.of(0n, ...inputs).buffer);
  const address = memory.add("value", value);
  interpret(prepareProgram(program), { memory, reference: () => address });
  return new DataView(value.buffer).getBigUint64(0, true);
}

describe("the interpreter and the kernel", { skip: skipWithoutBpf() }, () => {
  test("agree on 200 random programs", () => {
    using cells = createMap({
      name: "cells",
      type: MapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 8 * CELLS,
      maxEntries: 1,
    });
    const isV4 = kernelIsAtLeast(6, 6);
    const samples = fc.sample(fc.tuple(randomCode(isV4), randomInputs), { seed: 20261121, numRuns: 200 });
    for (const [code, inputs] of samples) {
      const instructions = wholeProgram(code, cells.fd);
      using program = loadProgram({
        name: "go3s_random",
        type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
        instructions,
        license: "GPL",
      });
      cells.update(u32Bytes(0), new Uint8Array(BigUint64Array.of(0n, ...inputs).buffer));
      program.testRun({ data: new Uint8Array(64) });
      const value = cells.lookup(u32Bytes(0));
      assert.ok(value !== undefined);
      const result = new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
      assert.equal(
        interpreted(instructions, inputs),
        result,
        `${disassemble(instructions)}\n${inputs.join(" ")}`,
      );
    }
  });
});

test("random code survives encoding, decoding and printing", () => {
  fc.assert(
    fc.property(randomCode(true), (code) => {
      const bytes = encodeInstructions(code);
      assert.deepEqual(decodeInstructions(bytes), code);
      assert.doesNotMatch(disassemble(code), /BUG|unknown|undefined/);
    }),
  );
});
