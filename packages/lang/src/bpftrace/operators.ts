import type { Range } from "../source/file.js";
import { arithmetic } from "../types/operators.js";
import { sizeOf } from "../types/type.js";
import { runtimeNote } from "./notes.js";
import { typeTitle } from "./shapes.js";
import { bad, fresh, mark, type State, type Value } from "./state.js";
import { as, fromCondition, integer, literal } from "./values.js";

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);

const isFree = (value: Value): boolean => value.type.kind === "int" && value.type.free === true;
const isSigned = (value: Value): boolean =>
  value.type.kind === "bool" || (value.type.kind === "int" && value.type.signed);

/** folded computes what is known when the script is compiled; shifts by 64 bits and more are the processor's. */
function folded(operator: string, a: bigint, b: bigint): bigint | undefined {
  if ((operator === "<<" || operator === ">>") && b >= 64n) return undefined;
  return arithmetic(operator, a, b);
}

/** scaled is pointer arithmetic: a number counts whole elements. */
function scaled(node: Range, operator: string, pointer: Value, amount: Value): Value {
  if (pointer.type.kind !== "pointer") return bad;
  const size = Math.max(1, sizeOf(pointer.type.target));
  const count = as(amount, false);
  const code = `(${mark(node)}${pointer.code} ${operator} ${size === 1 ? count : `(${count} * ${size})`})`;
  return { type: pointer.type, code, ...(pointer.space === undefined ? {} : { space: pointer.space }) };
}

/** divided divides as bpftrace does: by zero it is told and gives 1. */
function divided(state: State, node: Range, operator: string, a: Value, b: Value, signed: boolean): Value {
  if (typeof b.constant === "bigint")
    return integer(`(${mark(node)}${as(a, signed)} ${operator} ${as(b, signed)})`, signed);
  const [held, by] = [fresh(state, "t"), fresh(state, "t")];
  const type = signed ? "int64" : "uint64";
  state.out.push(`var ${by} ${type} = ${as(b, signed)}`, `var ${held} ${type} = 1`, `if ${by} != 0 {`);
  state.out.push(`${mark(node)}${held} = ${as(a, signed)} ${operator} ${by}`, "} else {");
  runtimeNote(
    state,
    node,
    "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.",
  );
  state.out.push("}");
  return integer(held, signed);
}

/** operation combines two numbers as C would: unsigned when one of them is, but a difference has a sign. */
export function operation(state: State, node: Range, operator: string, left: Value, right: Value): Value {
  const { kind } = left.type;
  if (kind === "pointer" && (operator === "+" || operator === "-") && right.type.kind !== "pointer")
    return scaled(node, operator, left, right);
  if (right.type.kind === "pointer" && operator === "+" && (kind === "int" || kind === "bool"))
    return scaled(node, operator, right, left);
  const plain = (value: Value): Value | undefined => {
    const of = value.type.kind;
    if (of === "int" || of === "bad" || of === "bool") return value;
    if (of === "pointer" || of === "ksym") return integer(value.code, false);
    state.report.error("bad-operation", node, `${operator} needs integers, this is ${typeTitle(value.type)}`);
    return undefined;
  };
  const a = plain(left);
  const b = plain(right);
  if (a === undefined || b === undefined || a.type.kind === "bad" || b.type.kind === "bad") return bad;
  if (typeof a.constant === "bigint" && typeof b.constant === "bigint") {
    const known = folded(operator, a.constant, b.constant);
    if (
      known !== undefined &&
      known >= -(1n << 63n) &&
      known < 1n << 64n &&
      (isFree(a) || isFree(b) || known < 0n)
    )
      return literal(known);
  }
  if (operator === "<<" || operator === ">>") {
    const signed = isSigned(a) && !isFree(a);
    return integer(`(${as(a, signed)} ${operator} (${as(b, false)} & 63))`, signed);
  }
  // A literal takes the sign of the other side.
  const signed = isFree(a) ? isSigned(b) : isFree(b) ? isSigned(a) : isSigned(a) && isSigned(b);
  if (comparisons.has(operator)) {
    if (a.condition !== undefined && b.type.kind === "bool" && b.condition !== undefined && operator === "==")
      return fromCondition(`(${mark(node)}${a.condition} == ${b.condition})`);
    return fromCondition(`(${mark(node)}${as(a, signed)} ${operator} ${as(b, signed)})`);
  }
  if (operator === "/" || operator === "%") {
    if (b.constant === 0n) {
      state.report.error("bad-operation", node, "division by zero");
      return bad;
    }
    return divided(state, node, operator, a, b, signed);
  }
  const code = `(${mark(node)}${as(a, signed)} ${operator} ${as(b, signed)})`;
  // An address that was moved is in the same memory.
  const space = left.space ?? right.space;
  const whose = space === undefined || (operator !== "+" && operator !== "-") ? {} : { space };
  if (operator === "-") return { ...integer(signed ? code : `int64${code}`, true), ...whose };
  return { ...integer(code, signed), ...whose };
}
