import type { Range } from "../source/file.js";
import { type TupleShape, writeTuple } from "./kept.js";
import type { TupleMember } from "./script.js";
import { goType } from "./shapes.js";
import { bad, fresh, type State, type Value } from "./state.js";
import { storable, writeInto } from "./storing.js";
import type { Node, RecordNode, TupleNode } from "./tree.js";

/** tupleOf makes a tuple of values. */
export function tupleOf(
  state: State,
  parts: readonly { readonly name?: string; readonly value: Value; readonly at: Range }[],
): Value {
  const shapes = parts.map(({ value, at }) => storable(state, value, at, "kept in a tuple"));
  if (shapes.some((each) => each === undefined)) return bad;
  const members = shapes.flatMap((type, i): TupleMember[] => {
    const name = parts[i]?.name;
    return type === undefined ? [] : [{ ...(name === undefined ? {} : { name }), type }];
  });
  const own: TupleShape = { kind: "tuple", members };
  return {
    type: own,
    code: "",
    member: (index) => parts[index]?.value ?? bad,
    into: (place, _size, shape) => writeTuple(state, parts, place, shape?.kind === "tuple" ? shape : own),
  };
}

/** tuple evaluates `(a, b)` or `(x=a, y=b)`: each part once, from left to right. */
export function tuple(state: State, node: TupleNode | RecordNode): Value {
  const nodes: readonly { readonly name?: string; readonly value: Node }[] =
    node.kind === "tuple" ? node.items.map((value) => ({ value })) : node.fields;
  return tupleOf(
    state,
    nodes.map((each) => ({
      ...(each.name === undefined ? {} : { name: each.name }),
      value: held(state, state.evaluate(state, each.value), each.value),
      at: each.value,
    })),
  );
}

/** held keeps a scalar that a later part could change. */
function held(state: State, value: Value, at: Range): Value {
  if (
    value.constant !== undefined ||
    value.code === "" ||
    value.type.kind === "bad" ||
    value.type.kind === "args"
  )
    return value;
  const shape = storable(state, value, at, "kept in a tuple");
  if (shape === undefined || value.into !== undefined) return value;
  const name = fresh(state, "h");
  state.out.push(`var ${name} ${goType(state, shape)}`);
  writeInto(state, value, name, shape);
  return { ...value, code: name };
}
