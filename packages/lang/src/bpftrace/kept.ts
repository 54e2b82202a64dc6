import { keptRecord } from "./memory.js";
import { isPlaced, type Shape } from "./script.js";
import { goType, sameShape } from "./shapes.js";
import { bad, type State, type Value } from "./state.js";
import { writeInto } from "./storing.js";
import { stored } from "./values.js";

export type TupleShape = Shape & { readonly kind: "tuple" };

/** writeTuple writes the members of a tuple into a place of another shape, each by its name or its number. */
export function writeTuple(
  state: State,
  members: readonly { name?: string; value: Value }[],
  place: string,
  shape: TupleShape,
): void {
  shape.members.forEach(({ name, type }, i) => {
    const from = name === undefined ? members[i] : members.find((each) => each.name === name);
    if (from !== undefined) writeInto(state, from.value, `${place}.F${i}`, type);
  });
}

const nowhere = { start: 0, end: 0 };

/** keptValue is a value that stands in a place of its shape: a variable, a map's value, a member of a tuple. */
export function keptValue(state: State, shape: Shape, place: string): Value {
  switch (shape.kind) {
    case "text":
    case "usym":
      return stored(state, shape, place);
    case "tuple":
      return keptTuple(state, shape, place);
    case "record":
    case "array":
      return keptRecord(state, nowhere, place, shape.target);
    case "pointer":
      return { type: shape, code: place, ...(shape.space === undefined ? {} : { space: shape.space }) };
    case "bool":
      return { type: shape, code: place, condition: `(${place} != 0)` };
    case "int":
      // What is kept has met others: it is no longer free.
      return { type: { ...shape, free: false }, code: place };
    default:
      return isPlaced(shape) ? stored(state, shape, place) : { type: shape, code: place };
  }
}

/** keptTuple is a tuple that stands in a place of the program. */
function keptTuple(state: State, shape: TupleShape, place: string): Value {
  const member = (index: number): Value => {
    const of = shape.members[index];
    return of === undefined ? bad : keptValue(state, of.type, `${place}.F${index}`);
  };
  return {
    type: shape,
    code: place,
    member,
    into: (to, _size, target) => {
      if (target === undefined || target.kind !== "tuple" || sameStorage(state, shape, target)) {
        state.out.push(`${to} = ${place}`);
        return;
      }
      writeTuple(
        state,
        shape.members.map(({ name }, i) => ({ ...(name === undefined ? {} : { name }), value: member(i) })),
        to,
        target,
      );
    },
  };
}

function sameStorage(state: State, a: TupleShape, b: TupleShape): boolean {
  if (sameShape(a, b)) return true;
  const names = (shape: TupleShape): string => shape.members.map(({ name }) => name ?? "").join(",");
  return names(a) === names(b) && goType(state, a) === goType(state, b);
}
