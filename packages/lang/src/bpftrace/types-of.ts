import { boolType, type Type, uint64 } from "../types/type.js";
import type { Shape } from "./script.js";
import { shapeOf, typeTitle } from "./shapes.js";
import { bad, captured, type State, type Value, type ValueType } from "./state.js";
import type { Node, TypeNode } from "./tree.js";

/** cTypeOf is the type of C of a value; undefined for what C does not have. */
export function cTypeOf(type: ValueType): Type | undefined {
  switch (type.kind) {
    case "int": {
      const bits = type.bits ?? 64;
      return { kind: "int", name: `${type.signed ? "" : "u"}int${bits}`, bits, signed: type.signed };
    }
    case "bool":
      return boolType;
    case "pointer":
      return { kind: "pointer", target: type.target };
    case "record":
    case "array":
      return type.target;
    case "text":
      return {
        kind: "array",
        element: { kind: "int", name: "int8", bits: 8, signed: true, char: true },
        length: type.length ?? type.size,
      };
    case "args":
    case "void":
    case "bad":
    case "tuple":
      return undefined;
    default:
      return uint64;
  }
}

/** looked evaluates an expression for its type alone: nothing of it stays in the program. */
export function looked(state: State, node: Node): Value {
  const events = state.events.length;
  const { result } = captured(state, () => state.evaluate(state, node));
  state.events.length = events;
  return result;
}

/** namedType resolves a type as it is written, and reports one that is not there. */
export function namedType(state: State, node: TypeNode): Type | undefined {
  const typeOf = (of: Node): Type | undefined => cTypeOf(looked(state, of).type);
  const found = state.types.resolve(node, typeOf);
  // What a pointer points to is not looked at before it is read: a name that nothing has is told here.
  const isKnown =
    node.of !== undefined ||
    node.pointers === 0 ||
    state.types.resolve({ ...node, pointers: 0, lengths: [] }, typeOf) !== undefined;
  if (found === undefined || !isKnown)
    state.report.error(
      "no-kernel-type",
      node,
      `Cannot resolve unknown type "${node.name}"`,
      "types are those that the script declares, C's, and the kernel's",
    );
  return found;
}

/** shapeOfType is how a value of a type of C is kept. */
export function shapeOfType(type: Type, space?: "kernel" | "user"): Shape | undefined {
  switch (type.kind) {
    case "named":
      return shapeOfType(type.underlying, space);
    case "int":
      return { kind: "int", signed: type.signed, bits: type.bits };
    case "bool":
      return { kind: "bool" };
    case "pointer":
      return { kind: "pointer", target: type.target, ...(space === undefined ? {} : { space }) };
    case "struct":
      return { kind: "record", target: type };
    case "array":
      return { kind: "array", target: type };
    default:
      return undefined;
  }
}

/** storedType is the shape that a declaration such as `let $x: TYPE` gives. */
export function storedType(state: State, node: TypeNode): Shape | undefined {
  if (node.of !== undefined && node.of.kind !== "type" && node.pointers === 0 && node.lengths.length === 0)
    return shapeOf(looked(state, node.of).type);
  if (node.name === "string" && node.pointers === 0) {
    const [length] = node.lengths;
    const bytes = length?.kind === "number" ? Number(length.value) : state.limits.textBytes;
    return { kind: "text", size: Math.ceil(bytes / 8) * 8, length: bytes };
  }
  const type = namedType(state, node);
  const shape = type === undefined ? undefined : shapeOfType(type);
  if (type !== undefined && shape === undefined)
    state.report.error("wrong-type", node, `a variable cannot be a ${typeTitle(bad.type)}`);
  return shape;
}
