import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionOf } from "./interpreter.js";
import { stateAccess } from "./thread-state.js";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

test("a thread's state is found by each way that code has to thread-local variables", () => {
  for (const [how, code, found] of [
    // ENDBR64; MOV FS:-32, AX; RET
    ["a program's", "f30f1efa 64488b0425e0ffffff c3", { direct: -32 }],
    // MOV 0x100(IP), AX; MOV FS:(AX), AX; RET
    ["a library's that is loaded at the start", "488b0500010000 64488b00 c3", { distance: 0x1107 }],
    // ENDBR64; PUSH BP; MOV SP, BP; LEA 0x100(IP), DI; CALL; POP BP; MOV 8(AX), AX; RET
    [
      "a library's, GCC 16",
      "f30f1efa 55 4889e5 488d3d00010000 e800000000 5d 488b8008000000 c3",
      { pair: 0x110f, behind: 8 },
    ],
    // SUB $8, SP; LEA -0x100(IP), DI; CALL; MOV 8(AX), AX; ADD $8, SP; RET
    [
      "a library's, shorter",
      "4883ec08 488d3d00ffffff e800000000 488b4008 4883c408 c3",
      { pair: 0xf0b, behind: 8 },
    ],
    // The padded form, whose pair has the distance as well.
    [
      "a library's, any variable's",
      "4883ec08 66488d3d00010000 666648e800000000 488b00 4883c408 c3",
      { pair: 0x110c, behind: 0 },
    ],
    // MOV $1, AX; RET
    ["another", "b801000000 c3", undefined],
  ] as const)
    assert.deepEqual(stateAccess(bytes(code), 0x1000), found, how);
});

test("a module's definition is what its beginning hands on", () => {
  assert.equal(definitionOf(bytes("f30f1efa bf001cc300 e93290f5ff"), 0x1000), 0xc31c00);
  assert.equal(definitionOf(bytes("488d3d00010000 e93290f5ff"), 0x1000), 0x1107);
  assert.equal(definitionOf(bytes("4883ec08 488d3d00010000 e800000000"), 0x1000), 0x110b);
  assert.equal(definitionOf(bytes("31c0 c3"), 0x1000), undefined);
});
