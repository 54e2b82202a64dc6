import type { Range } from "../source/file.js";
import type { Shape } from "./script.js";
import { bad, captured, fresh, mark, type State, typeTitle, type Value } from "./state.js";
import { quoted, textInto, textPlace } from "./text.js";
import type { BinaryNode, Node } from "./tree.js";

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);

/** integer makes an integer value. */
export function integer(code: string, signed: boolean, constant?: bigint): Value {
  return { type: { kind: "int", signed }, code, ...(constant === undefined ? {} : { constant }) };
}

/** literal is an integer written in the script. */
export function literal(value: bigint): Value {
  return value >= 1n << 63n
    ? integer(`uint64(${value})`, false, value)
    : integer(`int64(${value})`, true, value);
}

/** fromCondition turns a Go bool into 1 or 0. */
export function fromCondition(condition: string): Value {
  return { type: { kind: "int", signed: true }, code: `b2i(${condition})`, condition };
}

/** stored is a value that stands in a place of its own type. */
export function stored(state: State, type: Shape, place: string): Value {
  return {
    type,
    code: place,
    into: (to, size) => {
      if (type.kind === "text") textInto(state, to, size, place, type.size);
      else state.out.push(`${to} = ${place}`);
    },
  };
}

/** scalar evaluates an integer or pointer as Go code of its own signedness. */
export function scalar(state: State, node: Node, what: string): Value {
  const value = state.evaluate(state, node);
  const { type } = value;
  if (type.kind === "int" || type.kind === "ksym" || type.kind === "strftime" || type.kind === "bad")
    return value;
  if (type.kind === "kstack" || type.kind === "ustack")
    return { ...value, type: { kind: "int", signed: false } };
  if (type.kind === "pointer")
    return { ...value, type: { kind: "int", signed: false }, code: `bpf.Addr(${value.code})` };
  state.report.error("wrong-type", node, `${what} needs an integer, this is ${typeTitle(type)}`);
  return bad;
}

/** as converts an integer value to signed or unsigned. */
export function as(value: Value, signed: boolean): string {
  const own = value.type.kind === "int" && value.type.signed;
  return own === signed ? value.code : `${signed ? "int64" : "uint64"}(${value.code})`;
}

/** condition evaluates an expression as a Go bool. */
export function condition(state: State, node: Node): string {
  if (node.kind === "unary" && node.operator === "!") return `!(${condition(state, node.operand)})`;
  if (node.kind === "binary" && (node.operator === "&&" || node.operator === "||"))
    return logical(state, node);
  const value = state.evaluate(state, node);
  if (value.condition !== undefined) return value.condition;
  if (value.type.kind === "pointer") return `bpf.Addr(${value.code}) != 0`;
  if (value.type.kind === "int" || value.type.kind === "bad" || value.type.kind === "ksym")
    return `${value.code} != 0`;
  state.report.error("wrong-type", node, `a condition needs an integer, this is ${typeTitle(value.type)}`);
  return "false";
}

/** logical evaluates && and ||. */
export function logical(state: State, node: BinaryNode): string {
  const left = condition(state, node.left);
  const right = captured(state, () => condition(state, node.right));
  if (right.lines.length === 0) return `(${left} ${node.operator} ${right.result})`;
  // The right side has statements of its own, which may only run when the left side asks for it.
  const held = fresh(state, "c");
  state.out.push(
    `${held} := ${left}`,
    `if ${node.operator === "&&" ? held : `!${held}`} {`,
    ...right.lines,
    `${held} = ${right.result}`,
    "}",
  );
  return held;
}

/** isText tells whether a value is text or an array of bytes. */
export function isText(value: Value): boolean {
  const { type } = value;
  return (
    type.kind === "text" ||
    (type.kind === "array" && type.target.element.kind === "int" && type.target.element.bits === 8)
  );
}

/** compareTexts gives a Go bool: equal up to the first NUL. */
export function compareTexts(state: State, node: Node, a: Value, b: Value, limit?: number): string {
  const [value, constant] = typeof b.constant === "string" ? [a, b] : [b, a];
  if (typeof constant.constant === "string") {
    const text = constant.constant;
    const { place, size } = textPlace(state, value);
    const wanted = limit !== undefined && limit <= text.length ? text.slice(0, limit) : `${text}\0`;
    if (wanted.length > size) {
      if (limit === undefined)
        state.report.warning(
          "bad-operation",
          node,
          `this text of ${size} bytes is never equal to one of ${text.length}`,
        );
      return "false";
    }
    return wanted.length === 0 ? "true" : `bpf.HasPrefix(&${place}, ${quoted(wanted)})`;
  }
  const first = textPlace(state, a);
  const second = textPlace(state, b);
  if (limit !== undefined) {
    state.report.error(
      "unsupported",
      node,
      "strncmp needs a text literal on one side",
      'strncmp(comm, "node", 4)',
    );
    return "false";
  }
  if (first.size === second.size) return `${first.place} == ${second.place}`;
  const [small, large] = first.size < second.size ? [first, second] : [second, first];
  const held = fresh(state, "s");
  state.out.push(`var ${held} [${large.size}]byte`);
  textInto(state, held, large.size, small.place, small.size);
  return `${held} == ${large.place}`;
}

/** operation combines two integers as C would: unsigned when one of them is. */
export function operation(state: State, node: Range, operator: string, left: Value, right: Value): Value {
  const plain = (value: Value): Value | undefined => {
    if (value.type.kind === "int" || value.type.kind === "bad") return value;
    if (value.type.kind === "pointer") return integer(`bpf.Addr(${value.code})`, false);
    if (value.type.kind === "ksym") return integer(value.code, false);
    state.report.error("bad-operation", node, `${operator} needs integers, this is ${typeTitle(value.type)}`);
    return undefined;
  };
  const a = plain(left);
  const b = plain(right);
  if (a === undefined || b === undefined) return bad;
  const isSigned = (value: Value, other: Value): boolean =>
    value.type.kind === "int" &&
    value.type.signed &&
    !(
      typeof value.constant === "bigint" &&
      value.constant >= 0n &&
      other.type.kind === "int" &&
      !other.type.signed
    );
  if (operator === "<<" || operator === ">>") {
    const signed = a.type.kind === "int" && a.type.signed;
    return integer(`(${a.code} ${operator} (${as(b, false)} & 63))`, signed);
  }
  const signed = isSigned(a, b) && isSigned(b, a);
  const code = `(${mark(node)}${as(a, signed)} ${operator} ${as(b, signed)})`;
  if (comparisons.has(operator)) return fromCondition(code);
  if ((operator === "/" || operator === "%") && b.constant === 0n) {
    state.report.error("bad-operation", node, "division by zero");
    return bad;
  }
  return integer(code, signed);
}

/** sizeOfText is what a text takes with its NUL. */
export function sizeOfText(value: Value): number {
  if (value.type.kind === "text") return value.type.size;
  return value.type.kind === "array" ? Math.ceil(value.type.target.length / 8) * 8 : 8;
}
