import { type AluName, CoreKind } from "@go3s/bpf";
import type { BinaryOp, Value } from "../ir/ir.js";
import { selectAtomic, selectLoad, selectStore } from "./accesses.js";
import { FRAME } from "./machine.js";
import { isFree, isSameRegister, materialise, operandOf, registerOf } from "./operands.js";
import { push, type Selection } from "./selection.js";
import { settled } from "./settled.js";

const aluNames: Readonly<Record<BinaryOp, Exclude<AluName, "mov">>> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  udiv: "div",
  sdiv: "sdiv",
  umod: "mod",
  smod: "smod",
  and: "and",
  or: "or",
  xor: "xor",
  shl: "lsh",
  lshr: "rsh",
  ashr: "arsh",
};

const commutes: ReadonlySet<string> = new Set(["add", "mul", "and", "or", "xor"]);

function binary(s: Selection, value: Value, op: BinaryOp): void {
  let [a, b] = value.args;
  if (a === undefined || b === undefined) return;
  if (commutes.has(op) && a.op === "const") [a, b] = [b, a];
  if (s.framed.has(value)) {
    const dst = registerOf(s, value, value.at);
    if (s.main) {
      materialise(s, b, dst, value.at);
      push(s, value.at, { kind: "alu", name: "add", width: 64, dst, operand: { register: FRAME } });
      return;
    }
    // In other frames the verifier takes number + frame pointer for the main function's frame: adjust_ptr_min_max_vals
    // in kernel/bpf/verifier.c leaves frameno as it was in the number's register.
    const index = registerOf(s, b, value.at);
    push(s, value.at, { kind: "mov", width: 64, dst, operand: { register: FRAME } });
    push(s, value.at, { kind: "alu", name: "add", width: 64, dst, operand: { register: index } });
    return;
  }
  const dst = registerOf(s, value, value.at);
  const known = settled(op, b, value.width);
  if (known === "left") return void materialise(s, a, dst, value.at);
  if (known === "zero")
    return void push(s, value.at, { kind: "mov", width: 64, dst, operand: { constant: 0 } });
  const operand = operandOf(s, b, value.width, value.at);
  // dst = a; dst = dst OP b. The copy vanishes when a is not needed afterwards.
  materialise(s, a, dst, value.at);
  push(s, value.at, { kind: "alu", name: aluNames[op], width: value.width, dst, operand });
}

function signExtend(s: Selection, value: Value): void {
  const [a] = value.args;
  if (a === undefined) return;
  const dst = registerOf(s, value, value.at);
  const bits = Number(value.imm);
  if (s.set === "v4" && (bits === 8 || bits === 16 || (bits === 32 && value.width === 64))) {
    push(s, value.at, {
      kind: "sext",
      dst,
      src: registerOf(s, a, value.at),
      bits: bits === 8 ? 8 : bits === 16 ? 16 : 32,
      width: value.width,
    });
    return;
  }
  const by = value.width - bits;
  materialise(s, a, dst, value.at);
  push(s, value.at, { kind: "alu", name: "lsh", width: value.width, dst, operand: { constant: by } });
  push(s, value.at, { kind: "alu", name: "arsh", width: value.width, dst, operand: { constant: by } });
}

export /** selectCall puts a call's arguments into the registers that the calling convention names. */
function selectCall(s: Selection, value: Value): void {
  // Arguments are put into their registers in order; those that cost nothing come last, so registers stay free longer.
  const setters = value.args.map((each, i) => ({ each, register: i + 1 }));
  for (const { each, register } of setters.filter((one) => !isFree(one.each) || s.kept.has(one.each))) {
    push(s, value.at, {
      kind: "mov",
      width: 64,
      dst: register,
      operand: { register: registerOf(s, each, value.at) },
    });
  }
  for (const { each, register } of setters.filter((one) => isFree(one.each) && !s.kept.has(one.each)))
    materialise(s, each, register, value.at);
  if (value.op === "callfn" && value.func !== undefined)
    push(s, value.at, { kind: "call-function", function: value.func, arguments: value.args.length });
  else if (value.kfunc !== undefined)
    push(s, value.at, {
      kind: "call-kernel",
      extern: { name: value.kfunc.name, kind: "function", shape: value.kfunc.shape, weak: false },
      arguments: value.args.length,
    });
  else push(s, value.at, { kind: "call", helper: Number(value.imm), arguments: value.args.length });
  if ((s.uses.get(value) ?? 0) > 0) {
    push(s, value.at, {
      kind: "mov",
      width: 64,
      dst: registerOf(s, value, value.at),
      operand: { register: 0 },
    });
  }
}

/** selectValue makes the instructions of one value; free values and those folded into their readers have none. */
export function selectValue(s: Selection, value: Value): void {
  switch (value.op) {
    case "slot":
      if (s.kept.has(value) && value.slot !== undefined) {
        const dst = registerOf(s, value, value.at);
        push(s, value.at, { kind: "slot", dst, slot: value.slot, offset: Number(value.imm) });
      }
      break;
    case "phi":
    case "const":
    case "map":
    case "func":
      break;
    case "global":
      if (value.global !== undefined) {
        push(s, value.at, {
          kind: "wide",
          dst: registerOf(s, value, value.at),
          value: { kind: "global", global: value.global, offset: Number(value.imm) },
        });
      }
      break;
    case "param":
      break;
    case "neg": {
      const [a] = value.args;
      if (a === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, a, dst, value.at);
      push(s, value.at, { kind: "neg", width: value.width, dst });
      break;
    }
    case "swap": {
      const [a] = value.args;
      if (a === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, a, dst, value.at);
      push(s, value.at, { kind: "swap", dst, bits: value.imm === 16n ? 16 : value.imm === 32n ? 32 : 64 });
      break;
    }
    case "zext": {
      const [a] = value.args;
      if (a !== undefined && isFree(a)) materialise(s, a, registerOf(s, value, value.at), value.at);
      break;
    }
    case "trunc": {
      const [a] = value.args;
      if (a !== undefined && !isSameRegister(s, value))
        push(s, value.at, {
          kind: "mov",
          width: 32,
          dst: registerOf(s, value, value.at),
          operand: operandOf(s, a, 32, value.at),
        });
      break;
    }
    case "sext":
      signExtend(s, value);
      break;
    case "cmp":
      // Materialised only when something other than a branch reads it: expanded before selection.
      break;
    case "load":
      selectLoad(s, value);
      break;
    case "store":
      selectStore(s, value);
      break;
    case "atomic":
      selectAtomic(s, value);
      break;
    case "extern":
      if (value.extern !== undefined)
        push(s, value.at, {
          kind: "wide",
          dst: registerOf(s, value, value.at),
          value: { kind: "extern", extern: value.extern },
        });
      break;
    case "call":
    case "callk":
    case "callfn":
      selectCall(s, value);
      break;
    case "query": {
      if (value.query === undefined) break;
      const { query } = value;
      const dst = registerOf(s, value, value.at);
      // Values of enums may have 64 bits on another kernel; the rest are small.
      if (query.of.kind === "enumerator" && query.kind === CoreKind.ENUMVAL_VALUE)
        push(s, value.at, { kind: "wide", dst, value: { kind: "number", value: query.value, query } });
      else
        push(s, value.at, {
          kind: "mov",
          width: 64,
          dst,
          operand: { constant: Number(query.value) },
          query,
        });
      break;
    }
    case "core": {
      const [base] = value.args;
      if (base === undefined || value.core === undefined) break;
      const dst = registerOf(s, value, value.at);
      materialise(s, base, dst, value.at);
      push(s, value.at, {
        kind: "alu",
        name: "add",
        width: 64,
        dst,
        operand: { constant: value.core.offset },
        core: value.core,
      });
      break;
    }
    default:
      binary(s, value, value.op);
  }
}
