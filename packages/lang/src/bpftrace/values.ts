import type { Shape } from "./script.js";
import { typeTitle } from "./shapes.js";
import { bad, captured, fresh, type State, type Value } from "./state.js";
import { quoted, textInto, textPlace } from "./text.js";
import type { BinaryNode, Node } from "./tree.js";

/** integer makes an integer value. */
export function integer(code: string, signed: boolean, constant?: bigint): Value {
  return { type: { kind: "int", signed }, code, ...(constant === undefined ? {} : { constant }) };
}

const widths = [8, 16, 32, 64] as const;

/** literal is an integer written in the script: of the smallest signed type that holds it, and free to take another sign. */
export function literal(value: bigint): Value {
  if (value >= 1n << 63n) return integer(`uint64(${value})`, false, value);
  const bits = widths.find((each) => BigInt.asIntN(each, value) === value) ?? 64;
  return {
    ...integer(`int64(${value})`, true, value),
    type: { kind: "int", signed: true, bits, ...(value >= 0n ? { free: true } : {}) },
  };
}

/** fromCondition is a Go bool; as a number it is 1 or 0. */
export function fromCondition(condition: string): Value {
  return { type: { kind: "bool" }, code: `b2i(${condition})`, condition };
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
  if (type.kind === "bool") return { ...value, type: { kind: "int", signed: true, bits: 8 } };
  if (type.kind === "kstack" || type.kind === "ustack" || type.kind === "pointer")
    return { ...value, type: { kind: "int", signed: false } };
  state.report.error("wrong-type", node, `${what} needs an integer, this is ${typeTitle(type)}`);
  return bad;
}

/** as converts an integer value to signed or unsigned. */
export function as(value: Value, signed: boolean): string {
  if (value.type.kind === "pointer") return signed ? `int64(${value.code})` : value.code;
  const own = (value.type.kind === "int" && value.type.signed) || value.type.kind === "bool";
  return own === signed ? value.code : `${signed ? "int64" : "uint64"}(${value.code})`;
}

/** condition evaluates an expression as a Go bool. */
export function condition(state: State, node: Node): string {
  if (node.kind === "unary" && node.operator === "!") return `!(${condition(state, node.operand)})`;
  if (node.kind === "binary" && (node.operator === "&&" || node.operator === "||"))
    return logical(state, node);
  const value = state.evaluate(state, node);
  if (value.condition !== undefined) return value.condition;
  const { kind } = value.type;
  if (kind === "int" || kind === "bad" || kind === "ksym" || kind === "pointer" || kind === "bool")
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

/** isText tells whether a value is text; arrays of C's char are. */
export function isText(value: Value): boolean {
  return value.type.kind === "text";
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

/** sizeOfText is what a text takes with its NUL. */
export function sizeOfText(value: Value): number {
  return value.type.kind === "text" ? value.type.size : 8;
}
