import type { Range } from "../source/file.js";
import { readAggregate } from "./read-aggregate.js";
import { isPlaced, type Shape, shapeBytes } from "./script.js";
import {
  bad,
  emit,
  fresh,
  goType,
  type MapEntry,
  mark,
  type State,
  shapeOf,
  typeTitle,
  type Value,
  wider,
} from "./state.js";
import type { MapNode, StepNode } from "./tree.js";
import { as, integer, stored } from "./values.js";

/** entryOf finds a map, or makes the first note of it. */
export function entryOf(state: State, name: string, at: Range): MapEntry {
  const known = state.maps.get(name);
  if (known !== undefined) return known;
  const go = `m${state.maps.size}_${name.slice(1, 10)}`;
  const made: MapEntry = {
    name,
    go,
    at,
    keys: undefined,
    value: undefined,
    aggregation: undefined,
    linear: undefined,
    bits: 0,
    series: undefined,
    signed: false,
  };
  state.maps.set(name, made);
  state.changed = true;
  return made;
}

/** storable gives the shape in which a value is kept; what cannot be kept is reported. */
export function storable(state: State, value: Value, at: Range, what: string): Shape | undefined {
  const { type } = value;
  if (type.kind === "array" && value.into !== undefined)
    return { kind: "text", size: Math.ceil(type.target.length / 8) * 8 };
  const shape = shapeOf(type);
  if (shape === undefined && type.kind !== "bad")
    state.report.error(
      "wrong-type",
      at,
      `${typeTitle(type)} cannot be ${what}`,
      type.kind === "record" ? "take one of its fields" : undefined,
    );
  return shape;
}

/** writeInto writes a value into a zeroed place of a shape. */
export function writeInto(state: State, value: Value, place: string, shape: Shape): void {
  if (isPlaced(shape)) {
    value.into?.(place, shapeBytes(shape));
    return;
  }
  if (value.type.kind === "pointer") state.out.push(`${place} = bpf.Addr(${value.code})`);
  else state.out.push(`${place} = ${shape.kind === "int" ? as(value, shape.signed) : value.code}`);
}

function noteKeys(state: State, entry: MapEntry, node: MapNode, shapes: readonly Shape[]): void {
  const { keys } = entry;
  if (keys === undefined) {
    entry.keys = shapes;
    state.changed = true;
    return;
  }
  const joined = shapes.map((shape, i) => {
    const known = keys[i];
    return known === undefined ? undefined : wider(known, shape);
  });
  if (keys.length !== shapes.length || joined.some((each) => each === undefined)) {
    const list = (of: readonly Shape[]): string =>
      of.length === 0 ? "no key" : of.map(typeTitle).join(", ");
    state.report.error(
      "map-conflict",
      node,
      `${entry.name} is used with ${list(shapes)} here and with ${list(keys)} elsewhere`,
      "one map has one kind of key",
    );
    return;
  }
  entry.keys = joined.flatMap((each) => each ?? []);
  if (entry.keys.some((key, i) => shapeBytes(key) !== shapeBytes(keys[i] ?? key))) state.changed = true;
}

/** keyOf writes a map's key into a variable and gives its name; `bucket` comes behind the keys of histograms. */
export function keyOf(state: State, node: MapNode, bucket?: string): { entry: MapEntry; key: string } {
  const entry = entryOf(state, node.name, node);
  const values = node.keys.map((each) => ({ node: each, value: state.evaluate(state, each) }));
  const shapes = values.flatMap(({ node: at, value }) => storable(state, value, at, "a key") ?? []);
  if (shapes.length !== values.length) return { entry, key: "0" };
  noteKeys(state, entry, node, shapes);
  const keys = entry.keys ?? shapes;
  const key = fresh(state, "k");
  const [only] = keys;
  if (bucket === undefined && keys.length === 0) {
    state.out.push(`var ${key} uint64`);
    return { entry, key: `&${key}` };
  }
  if (bucket === undefined && keys.length === 1 && only !== undefined) {
    state.out.push(`var ${key} ${goType(only)}`);
    if (values[0] !== undefined) writeInto(state, values[0].value, key, only);
    return { entry, key: `&${key}` };
  }
  state.out.push(`var ${key} K_${entry.go}`);
  values.forEach(({ value }, i) => {
    const shape = keys[i];
    if (shape !== undefined) writeInto(state, value, `${key}.F${i}`, shape);
  });
  if (bucket !== undefined) state.out.push(`${key}.Bucket = ${bucket}`);
  return { entry, key: `&${key}` };
}

/** keyType is the Go type of a map's key. */
export function keyType(entry: MapEntry): { name: string; declaration: string | undefined } {
  const keys = entry.keys ?? [];
  const bucket =
    entry.aggregation === "hist" || entry.aggregation === "lhist" || entry.aggregation === "tseries";
  const [only] = keys;
  if (!bucket && keys.length === 0) return { name: "uint64", declaration: undefined };
  if (!bucket && keys.length === 1 && only !== undefined)
    return { name: goType(only), declaration: undefined };
  const fields = keys.map((shape, i) => `F${i} ${goType(shape)}`);
  if (bucket) fields.push("Bucket uint64");
  return { name: `K_${entry.go}`, declaration: `type K_${entry.go} struct { ${fields.join("; ")} }` };
}

function refuseAggregation(state: State, node: Range, entry: MapEntry): Value {
  state.report.error(
    "wrong-type",
    node,
    `${entry.name} is a ${entry.aggregation}(), whose value is only known when it is printed`,
    `count by ${entry.name}++ where a probe reads the number`,
  );
  return bad;
}

/** readMap reads an element; what is not there is 0 or empty. */
export function readMap(state: State, node: MapNode): Value {
  const { entry, key } = keyOf(state, node);
  if (entry.aggregation !== undefined)
    return readAggregate(state, node, entry, key) ?? refuseAggregation(state, node, entry);
  const shape: Shape = entry.value ?? { kind: "int", signed: true };
  const found = fresh(state, "p");
  emit(state, node, `${found} := ${entry.go}.Lookup(${key})`);
  const held = fresh(state, shape.kind === "text" ? "s" : "t");
  state.out.push(`var ${held} ${goType(shape)}`, `if ${found} != nil { ${held} = *${found} }`);
  if (isPlaced(shape)) return stored(state, shape, held);
  return { type: shape, code: held };
}

/** noteValue joins what is known of a map's values with one more. */
export function noteValue(state: State, entry: MapEntry, shape: Shape, node: Range): boolean {
  if (entry.aggregation !== undefined) {
    state.report.error(
      "map-conflict",
      node,
      `${entry.name} is a ${entry.aggregation}() elsewhere`,
      "take another map",
    );
    return false;
  }
  const joined = entry.value === undefined ? shape : wider(entry.value, shape);
  if (joined === undefined) {
    state.report.error(
      "map-conflict",
      node,
      `${entry.name} holds ${typeTitle(entry.value ?? shape)} elsewhere, this is ${typeTitle(shape)}`,
      "one map has one kind of value",
    );
    return false;
  }
  if (entry.value === undefined || shapeBytes(joined) !== shapeBytes(entry.value)) state.changed = true;
  entry.value = joined;
  return true;
}

/** assignMap stores a value. */
export function assignMap(state: State, node: MapNode, value: Value, at: Range): void {
  const shape = storable(state, value, at, "kept in a map");
  if (shape === undefined) return;
  const { entry, key } = keyOf(state, node);
  if (!noteValue(state, entry, shape, node)) return;
  const kept = entry.value ?? shape;
  const held = fresh(state, "s");
  state.out.push(`var ${held} ${goType(kept)}`);
  writeInto(state, value, held, kept);
  emit(state, node, `${entry.go}.Update(${key}, &${held})`);
}

/** mapStep is `@x++` and its kin: atomic, as processors share the value. */
export function mapStep(state: State, node: StepNode, target: MapNode): Value {
  const effectOnly = state.effectOnly;
  state.effectOnly = false;
  const { entry, key } = keyOf(state, target);
  if (entry.aggregation !== undefined) return refuseAggregation(state, node, entry);
  if (!noteValue(state, entry, { kind: "int", signed: true }, target)) return bad;
  const signed = entry.value?.kind === "int" ? entry.value.signed : true;
  if (entry.value?.kind !== "int") return bad;
  const add = `${mark(node)}${entry.go}.Add(${key}, ${node.operator === "++" ? `${signed ? "int64" : "uint64"}(1)` : signed ? "int64(-1)" : "^uint64(0)"})`;
  const found = fresh(state, "p");
  const held = fresh(state, "t");
  const read = [
    `${found} := ${entry.go}.Lookup(${key})`,
    `var ${held} ${signed ? "int64" : "uint64"}`,
    `if ${found} != nil { ${held} = *${found} }`,
  ];
  if (effectOnly) state.out.push(add);
  else state.out.push(...(node.before ? [add, ...read] : [...read, add]));
  return integer(effectOnly ? "int64(0)" : held, signed);
}
