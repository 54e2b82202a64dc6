import type { Range } from "../source/file.js";
import { type Shape, shapeBytes } from "./script.js";
import { shapeOf, typeTitle } from "./shapes.js";
import { fresh, type State, type Value } from "./state.js";
import { as } from "./values.js";

/** storable gives the shape in which a value is kept; what cannot be kept is reported. */
export function storable(state: State, value: Value, at: Range, what: string): Shape | undefined {
  const { type } = value;
  const shape = shapeOf(type);
  if (shape === undefined && type.kind !== "bad")
    state.report.error("wrong-type", at, `${typeTitle(type)} cannot be ${what}`);
  return shape;
}

/** writeInto writes a value into a zeroed place of a shape. */
export function writeInto(state: State, value: Value, place: string, shape: Shape): void {
  if (value.into !== undefined) {
    value.into(place, shapeBytes(shape), shape);
    return;
  }
  // A value that was kept has the code of where it is.
  if (value.halves?.of === value.code && shape.kind === "ustack") {
    const { low, high } = value.halves;
    const both = fresh(state, "h");
    state.out.push(`${both} := (*Halves)(&${place})`);
    state.out.push(`${both}.High = uint32(${high})`, `${both}.Low = uint32(${low})`);
    return;
  }
  if (shape.kind === "bool" && value.type.kind !== "bool")
    state.out.push(`${place} = b2i(${value.code} != 0)`);
  else if (shape.kind === "int") state.out.push(`${place} = ${as(value, shape.signed)}`);
  else state.out.push(`${place} = ${shape.kind === "pointer" ? as(value, false) : value.code}`);
}
