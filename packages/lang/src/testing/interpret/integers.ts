import { wrap } from "../../types/convert.js";
import type { IntType } from "../../types/type.js";

/** exact evaluates on unbounded integers; division by zero gives 0, the remainder the dividend, as BPF has it. */
function exact(operator: string, a: bigint, b: bigint, bits: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? 0n : a / b;
    case "%":
      return b === 0n ? a : a % b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&^":
      return a & ~b;
    case "<<":
      return b >= bits ? 0n : a << b;
    case ">>":
      return b >= bits ? (a < 0n ? -1n : 0n) : a >> b;
    default:
      throw new Error(`no operator ${operator}`);
  }
}

/** operate computes an operation in an integer type; a negative shift count is one beyond the width. */
export function operate(operator: string, a: bigint, b: bigint, type: IntType): bigint {
  const shift = operator === "<<" || operator === ">>";
  return wrap(exact(operator, a, shift ? BigInt.asUintN(64, b) : b, BigInt(type.bits)), type);
}

const order: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** comparison finds what a comparison operator does; undefined for other operators. */
export function comparison(operator: string): ((a: bigint, b: bigint) => boolean) | undefined {
  return order[operator];
}

/** swapBytes reverses the lowest bytes of a number. */
export function swapBytes(value: bigint, bits: number): bigint {
  let swapped = 0n;
  for (let at = 0; at < bits; at += 8) swapped = (swapped << 8n) | ((value >> BigInt(at)) & 0xffn);
  return swapped;
}
