import { compute, holds, unsigned } from "../ir/constant.js";
import { type IrFunction, inverse, mirrored, opRows, replaceAll, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

function become(value: Value, constant: bigint): undefined {
  value.op = "const";
  value.args = [];
  value.imm = BigInt.asUintN(value.width, constant);
  value.condition = undefined;
  return undefined;
}

function swapBytes(value: bigint, bits: number): bigint {
  let out = 0n;
  for (let i = 0; i < bits / 8; i++) out = (out << 8n) | ((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

const powerOfTwo = (n: bigint): number | undefined =>
  n > 0n && (n & (n - 1n)) === 0n ? n.toString(2).length - 1 : undefined;

function foldCompare(value: Value, a: Value, b: Value): Value | undefined {
  const condition = value.condition ?? "ne";
  if (a.op === "const" && b.op === "const") return become(value, holds(condition, a, b) ? 1n : 0n);
  if (a.op === "const") {
    value.args = [b, a];
    value.condition = mirrored[condition];
    return undefined;
  }
  // What differs in no bit is equal.
  const [x, y] = a.args;
  const isDifference = a.op === "xor" && b.op === "const" && b.imm === 0n;
  if (isDifference && (condition === "eq" || condition === "ne") && x !== undefined && y !== undefined) {
    value.args = [x, y];
    return undefined;
  }
  // A comparison compared with 0 is itself, or its opposite.
  if (a.op === "cmp" && b.op === "const" && b.imm === 0n && (condition === "eq" || condition === "ne")) {
    if (condition === "ne") return a;
    value.args = [...a.args];
    value.condition = inverse[a.condition ?? "ne"];
    return undefined;
  }
  return undefined;
}

/** simplify changes a value in place or gives another one to use instead. */
function simplify(value: Value): Value | undefined {
  const [a, b] = value.args;
  if (value.op === "phi" || a === undefined) return undefined;
  if (value.op === "cmp" && b !== undefined) return foldCompare(value, a, b);
  if (a.op === "const" && b === undefined) {
    if (value.op === "zext") return become(value, BigInt.asUintN(Number(value.imm) || 32, a.imm));
    if (value.op === "trunc") return become(value, a.imm);
    if (value.op === "sext") return become(value, BigInt.asIntN(Number(value.imm), a.imm));
    if (value.op === "swap") return become(value, swapBytes(a.imm, Number(value.imm)));
    return undefined;
  }
  if (value.op === "trunc" && a.op === "zext" && a.args[0]?.width === 32) return a.args[0];
  if (b === undefined || !opRows[value.op].pure || value.args.length !== 2) return undefined;
  if (a.op === "const" && b.op === "const") {
    const result = compute(value.op, a, b);
    if (result !== undefined) become(value, result);
    return undefined;
  }
  if (opRows[value.op].commutes && a.op === "const") {
    value.args = [b, a];
    return undefined;
  }
  if (b.op !== "const") return undefined;
  return withConstant(value, a, b);
}

/** isShift: counts of the width or more only stand where a check made before leads past them. */
function isShift(op: Value["op"]): boolean {
  return op === "shl" || op === "lshr" || op === "ashr";
}

function withConstant(value: Value, a: Value, b: Value): Value | undefined {
  const n = unsigned(b);
  const ones = (1n << BigInt(value.width)) - 1n;
  switch (value.op) {
    case "add":
    case "sub":
    case "or":
    case "xor":
    case "shl":
    case "lshr":
    case "ashr":
      if (n === 0n) return a;
      if (isShift(value.op) && n >= BigInt(value.width)) return become(value, 0n);
      break;
    case "mul":
      if (n === 1n) return a;
      if (n === 0n) return become(value, 0n);
      break;
    case "and":
      if (n === 0n) return become(value, 0n);
      if (n === ones) return a;
      if (a.op === "load" && !a.signed && n === (1n << BigInt(Math.min(a.size * 8, value.width))) - 1n)
        return a;
      if (a.op === "and" && a.args[1]?.op === "const") {
        const other = a.args[1];
        if ((unsigned(other) & n) === unsigned(other)) return a;
      }
      break;
    // The verifier refuses a constant 0 as divisor and a constant count of the width or more; these are the machine's results.
    case "udiv":
    case "sdiv":
      if (n === 0n) return become(value, 0n);
      if (n === 1n) return a;
      break;
    case "umod":
    case "smod":
      if (n === 0n) return a;
      if (n === 1n) return become(value, 0n);
      break;
    default:
  }
  return undefined;
}

/** combine needs new constants: chains of additions, and multiplications that are shifts. */
function combine(fn: IrFunction): void {
  for (const block of fn.blocks) {
    let constants: Map<Value, Value> | undefined;
    // From the end: a chain of additions becomes one where its last link stands.
    for (let i = block.values.length - 1; i >= 0; i--) {
      const value = block.values[i];
      const b = value?.args[1];
      if (value === undefined || b?.op !== "const" || !combined.has(value.op)) continue;
      const [a] = value.args;
      const [inner, by] = a?.args ?? [];
      let op: Value["op"] = "add";
      let constant = 0n;
      let left = a;
      if (value.op === "add") {
        if (a?.op !== "add" || by?.op !== "const" || a.width !== value.width) continue;
        left = inner;
        constant = by.imm + b.imm;
      } else {
        const power = powerOfTwo(unsigned(b));
        if (power === undefined) continue;
        op = value.op === "mul" ? "shl" : value.op === "udiv" ? "lshr" : "and";
        constant = value.op === "umod" ? unsigned(b) - 1n : BigInt(power);
      }
      if (left === undefined) continue;
      const made: Value = { ...b, id: fn.nextId++, imm: BigInt.asUintN(value.width, constant), block };
      constants ??= new Map();
      constants.set(value, made);
      value.op = op;
      value.args = [left, made];
    }
    if (constants === undefined) continue;
    block.values = block.values.flatMap((value) => {
      const made = constants.get(value);
      return made === undefined ? [value] : [made, value];
    });
  }
}

/** combined are the operations that combine() may change. */
const combined: ReadonlySet<Value["op"]> = new Set(["add", "mul", "udiv", "umod"]);

/** fold evaluates what is constant and simplifies the rest. */
export const fold: Pass = {
  name: "fold",
  needs: ["no-traps"],
  gives: ["folded"],
  run(fn) {
    for (let round = 0; round < 4; round++) {
      const mapping = new Map<Value, Value>();
      for (const block of fn.blocks) {
        for (const value of block.values) {
          const instead = simplify(value);
          if (instead !== undefined && instead !== value) mapping.set(value, instead);
        }
      }
      if (mapping.size === 0) break;
      replaceAll(fn, mapping);
      for (const block of fn.blocks) block.values = block.values.filter((value) => !mapping.has(value));
    }
    combine(fn);
  },
};
