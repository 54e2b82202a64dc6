import { sizeOf, type Type, under } from "../types/type.js";
import { keptRecord, loadFrom } from "./memory.js";
import { goType, logicalSize, typeTitle } from "./shapes.js";
import { bad, fresh, type State, type Value } from "./state.js";
import { textPlace } from "./text.js";
import type { CastNode } from "./tree.js";
import { namedType } from "./types-of.js";
import { as, condition, fromCondition, integer, scalar } from "./values.js";

/** toInteger brings a number into an integer type; one of an enum has its names. */
function toInteger(state: State, value: Value, type: Type): Value {
  const of = under(type);
  if (of.kind !== "int") return bad;
  const name = `${of.signed ? "" : "u"}int${of.bits}`;
  const wide = of.signed ? "int64" : "uint64";
  const names =
    of.enumOf === undefined
      ? undefined
      : (state.types.enums.get(of.enumOf) ?? state.kernel.enumValues?.(of.enumOf));
  const shape: Value["type"] = {
    kind: "int",
    signed: of.signed,
    bits: of.bits,
    ...(names === undefined ? {} : { names }),
  };
  const space = value.space === undefined ? {} : { space: value.space };
  if (typeof value.constant === "bigint") {
    const known = of.signed
      ? BigInt.asIntN(of.bits, value.constant)
      : BigInt.asUintN(of.bits, value.constant);
    return { ...integer(`${wide}(${known})`, of.signed, known), type: shape, ...space };
  }
  const own = value.type;
  const fits = own.kind === "int" && (own.bits ?? 64) === of.bits && own.signed === of.signed;
  const code = of.bits === 64 || fits ? as(value, of.signed) : `${wide}(${name}(${value.code}))`;
  return { type: shape, code, ...space };
}

/** toArray is (int8[8])x: the bytes of a number or a text as an array. */
function toArray(state: State, node: CastNode, given: Type): Value {
  const of = under(given);
  if (of.kind !== "array") return bad;
  const value = state.evaluate(state, node.operand);
  if (value.type.kind === "bad") return bad;
  const element = sizeOf(of.element);
  const isText = value.type.kind === "text";
  const shape = value.type.kind === "args" || value.type.kind === "void" ? undefined : value.type;
  const size = shape === undefined ? 0 : logicalSize(shape).size;
  const own = isText && of.length > 0 ? of.length * element : size;
  const length = of.length > 0 ? of.length : Math.floor(size / Math.max(1, element));
  if (length * element !== own && !(typeof value.constant === "bigint" && length * element <= 8)) {
    state.report.error(
      "wrong-type",
      node,
      `Cannot cast from "${typeTitle(value.type)}" to "${typeTitle({ kind: "array", target: of })}"`,
    );
    return bad;
  }
  const target = { ...of, length };
  if (isText) return keptRecord(state, node, textPlace(state, value).place, target);
  if (value.type.kind === "array") return { ...value, type: { kind: "array", target } };
  const [word, held] = [fresh(state, "t"), fresh(state, "s")];
  state.out.push(
    `var ${word} uint64 = ${as(value, false)}`,
    `var ${held} ${goType(state, { kind: "array", target })}`,
    `bpf.ReadKernelN(&${held}, ${Math.min(8, length * element)}, bpf.Addr(&${word}))`,
  );
  return keptRecord(state, node, held, target);
}

/** cast compiles `(type)x`. */
export function cast(state: State, node: CastNode): Value {
  if (node.type.name === "string" && node.type.pointers === 0) return state.evaluate(state, node.operand);
  const type = namedType(state, node.type);
  if (type === undefined) return bad;
  const of = under(type);
  switch (of.kind) {
    case "array":
      return toArray(state, node, of);
    case "bool":
      return fromCondition(condition(state, node.operand));
    case "pointer": {
      const value = scalar(state, node.operand, "a cast");
      if (value.type.kind === "bad") return bad;
      const space = value.space === undefined ? {} : { space: value.space };
      // A number keeps its width: (uint8 *)-1 is 0xff, for -1 is an int8.
      const bits = value.type.kind === "int" && value.type.signed ? (value.type.bits ?? 64) : 64;
      const known = typeof value.constant === "bigint" ? BigInt.asUintN(bits, value.constant) : undefined;
      return {
        type: { kind: "pointer", target: of.target, ...space },
        code:
          known !== undefined
            ? `uint64(${known})`
            : bits < 64
              ? `uint64(uint${bits}(${value.code}))`
              : as(value, false),
        ...(known === undefined ? {} : { constant: known }),
        ...space,
      };
    }
    case "int": {
      const value = state.evaluate(state, node.operand);
      if (value.type.kind === "array") {
        // An array's bytes as a number.
        const { memory } = value;
        if (memory !== undefined && sizeOf(value.type.target) === of.bits / 8)
          return loadFrom(
            state,
            node,
            memory.kind === "typed"
              ? { kind: "address", code: `bpf.Addr(&${memory.code})`, offset: 0, space: memory.space }
              : memory,
            of,
          );
      }
      if (value.type.kind === "bad") return bad;
      const { type: own } = value;
      if (
        own.kind === "int" ||
        own.kind === "bool" ||
        own.kind === "pointer" ||
        own.kind === "ksym" ||
        own.kind === "usym" ||
        own.kind === "strftime" ||
        own.kind === "kstack" ||
        own.kind === "ustack"
      )
        return toInteger(
          state,
          own.kind === "bool"
            ? value
            : { ...value, type: own.kind === "int" ? own : { kind: "int", signed: false } },
          of,
        );
      break;
    }
    case "struct": {
      const value = state.evaluate(state, node.operand);
      if (value.type.kind === "record" || value.type.kind === "bad") return value;
      break;
    }
    default:
  }
  state.report.error(
    "wrong-type",
    node,
    `Cannot cast to "${node.type.name}"`,
    `cast to a pointer: (${node.type.name} *)`,
  );
  return bad;
}
