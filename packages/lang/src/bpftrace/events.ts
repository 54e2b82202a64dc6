import type { Range } from "../source/file.js";
import { type ScriptEvent, type Shape, shapeBytes } from "./script.js";
import { goType } from "./shapes.js";
import { emit, fresh, type State, type Value } from "./state.js";
import { storable, writeInto } from "./storing.js";

/** Given is a value that goes into an event, and where it stands in the script. */
export interface Given {
  readonly value: Value;
  readonly at: Range;
}

/** shapesOf gives the shapes of values, or undefined when one of them cannot be sent. */
export function shapesOf(state: State, values: readonly Given[]): Shape[] | undefined {
  const shapes = values.flatMap(({ value, at }) => storable(state, value, at, "printed") ?? []);
  return shapes.length === values.length ? shapes : undefined;
}

/** send emits a record: a word that says which event it is, then the values. */
export function send(
  state: State,
  at: Range,
  event: ScriptEvent,
  values: readonly Given[] = [],
  shapes: readonly Shape[] = [],
): void {
  const id = state.events.length;
  state.events.push(event);
  const type = `Event${id}`;
  const fields = shapes.map((shape, i) => `A${i} ${goType(state, shape)}`);
  state.declarations.push(`type ${type} struct { ID uint64; ${fields.join("; ")} }`);
  const record = fresh(state, "e");
  // What is computed is computed before the record is held: less can go wrong between reserve and submit.
  const held = values.map(({ value }, i) => {
    const shape = shapes[i];
    if (shape === undefined || value.into !== undefined) return value;
    const name = fresh(state, "a");
    state.out.push(`var ${name} ${goType(state, shape)}`);
    writeInto(state, value, name, shape);
    return { ...value, type: shape, code: name };
  });
  const isSmall = held.length <= 6 && held.every(({ into }) => into === undefined);
  if (isSmall && shapes.every((shape) => shapeBytes(shape) === 8)) {
    output(state, at, record, type, id, held);
    return;
  }
  emit(state, at, `${record} := bpf.ReserveText[${type}](&events)`);
  state.out.push(`if ${record} == nil {`, "bpf.AtomicAdd(&lost, 1)", "} else {", `${record}.ID = ${id}`);
  held.forEach((value, i) => {
    const shape = shapes[i];
    if (shape !== undefined) writeInto(state, value, `${record}.A${i}`, shape);
  });
  emit(state, at, `events.Submit((*Event)(${record}))`);
  state.out.push("}");
}

/** output sends a record of a few words by one call, from the stack: there is little to copy. */
function output(
  state: State,
  at: Range,
  record: string,
  type: string,
  id: number,
  held: readonly Value[],
): void {
  const fields = held.map(({ code }, i) => `A${i}: ${code}`);
  state.out.push(`var ${record} = ${type}{${[`ID: ${id}`, ...fields].join(", ")}}`);
  emit(state, at, `if helpers.RingbufOutput(events, &${record}, ${8 + 8 * held.length}, 0) != 0 {`);
  state.out.push("bpf.AtomicAdd(&lost, 1)", "}");
}
