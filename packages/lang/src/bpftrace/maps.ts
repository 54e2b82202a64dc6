import type { Range } from "../source/file.js";
import { sizeOf } from "../types/type.js";
import { setApart } from "./alone.js";
import { missing } from "./helper-errors.js";
import { keptValue } from "./kept.js";
import { readAggregate } from "./read-aggregate.js";
import type { Shape } from "./script.js";
import { goType, sameShape, typeTitle, wider } from "./shapes.js";
import { bad, emit, fresh, type MapEntry, mark, type State, type Value } from "./state.js";
import { storable, writeInto } from "./storing.js";
import type { MapNode, Node, StepNode } from "./tree.js";

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
    kind: undefined,
    entries: undefined,
  };
  state.maps.set(name, made);
  state.changed = true;
  return made;
}

const titles = (of: readonly Shape[]): string =>
  of.length === 1 && of[0] !== undefined ? typeTitle(of[0]) : `(${of.map(typeTitle).join(",")})`;

/** noteKeys joins what is known of a map's keys with those at hand; false when they do not go together. */
export function noteKeys(state: State, entry: MapEntry, node: Range, shapes: readonly Shape[]): boolean {
  const { keys } = entry;
  if (keys === undefined) {
    entry.keys = shapes;
    state.changed = true;
    return true;
  }
  if ((keys.length === 0) !== (shapes.length === 0)) {
    state.report.error(
      "map-conflict",
      node,
      keys.length === 0
        ? `${entry.name} used as a map with an explicit key (non-scalar map), previously used without an explicit key (scalar map)`
        : `${entry.name} used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)`,
    );
    return false;
  }
  const joined = shapes.map((shape, i) => {
    const known = keys[i];
    return known === undefined ? undefined : wider(known, shape);
  });
  if (keys.length !== shapes.length || joined.some((each) => each === undefined)) {
    state.report.error(
      "map-conflict",
      node,
      `Argument mismatch for ${entry.name}: trying to access with arguments: '${titles(shapes)}' when map expects arguments: '${titles(keys)}'`,
      "one map has one kind of key",
    );
    return false;
  }
  entry.keys = joined.flatMap((each) => each ?? []);
  if (entry.keys.some((key, i) => !sameShape(key, keys[i] ?? key))) state.changed = true;
  return true;
}

interface Part {
  readonly value: Value;
  readonly shape: Shape;
}

/** keyParts evaluates a key; one tuple is the same as its members: @x[(1, 2)] is @x[1, 2]. */
function keyParts(state: State, nodes: readonly Node[]): Part[] | undefined {
  const parts: Part[] = [];
  for (const node of nodes) {
    const value = state.evaluate(state, node);
    const shape = storable(state, value, node, "a key");
    if (shape === undefined) return undefined;
    parts.push({ value, shape });
  }
  const [only] = parts;
  if (parts.length !== 1 || only?.shape.kind !== "tuple") return parts;
  const { members } = only.shape;
  const isPlain = members.length > 1 && members.every(({ name }) => name === undefined);
  if (!isPlain) return parts;
  return members.map(({ type }, i) => ({ value: only.value.member?.(i) ?? bad, shape: type }));
}

/** keyShape is a map's key as one value. */
export function keyShape(keys: readonly Shape[]): Shape {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return only;
  return { kind: "tuple", members: keys.map((type) => ({ type })) };
}

/** keyOf writes a map's key into a variable and gives its name; `bucket` comes behind the keys of histograms. */
export function keyOf(
  state: State,
  node: MapNode,
  bucket?: string,
): { entry: MapEntry; key: string; isRight: boolean } {
  const entry = entryOf(state, node.name, node);
  const parts = keyParts(state, node.keys);
  const isRight =
    parts !== undefined &&
    noteKeys(
      state,
      entry,
      node,
      parts.map(({ shape }) => shape),
    );
  if (parts === undefined || !isRight) return { entry, key: "0", isRight };
  const keys = entry.keys ?? [];
  if (keys.length === 0) setApart(state, entry);
  const key = fresh(state, "k");
  if (bucket === undefined && keys.length === 0) {
    state.out.push(`var ${key} uint64`);
    return { entry, key: `&${key}`, isRight };
  }
  const [first] = parts;
  const [only] = keys;
  if (bucket === undefined && keys.length === 1 && only !== undefined && first !== undefined) {
    state.out.push(`var ${key} ${goType(state, only)}`);
    writeInto(state, first.value, key, only);
    return { entry, key: `&${key}`, isRight };
  }
  const type = bucket === undefined ? goType(state, keyShape(keys)) : `K_${entry.go}`;
  state.out.push(`var ${key} ${type}`);
  parts.forEach(({ value }, i) => {
    const shape = keys[i];
    if (shape !== undefined) writeInto(state, value, `${key}.F${i}`, shape);
  });
  if (bucket !== undefined) state.out.push(`${key}.Bucket = ${bucket}`);
  return { entry, key: `&${key}`, isRight };
}

/** keyType is the Go type of a map's key. */
export function keyType(state: State, entry: MapEntry): { name: string; declaration: string | undefined } {
  const keys = entry.keys ?? [];
  if (entry.aggregation === "hist" || entry.aggregation === "lhist" || entry.aggregation === "tseries") {
    const fields = keys.map((shape, i) => `F${i} ${goType(state, shape)}`);
    fields.push("Bucket uint64");
    return { name: `K_${entry.go}`, declaration: `type K_${entry.go} struct { ${fields.join("; ")} }` };
  }
  return { name: keys.length === 0 ? "uint64" : goType(state, keyShape(keys)), declaration: undefined };
}

function refuseAggregation(state: State, node: Range, entry: MapEntry): Value {
  state.report.error(
    "wrong-type",
    node,
    `Map value '${entry.aggregation}_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. \`@x = ${entry.aggregation}(retval);\`.`,
    `count by ${entry.name}++ where a probe reads the number`,
  );
  return bad;
}

/** readMap reads an element; what is not there is 0 or empty. */
export function readMap(state: State, node: MapNode): Value {
  const { entry, key, isRight } = keyOf(state, node);
  if (!isRight) return bad;
  if (entry.aggregation !== undefined)
    return readAggregate(state, node, entry, key) ?? refuseAggregation(state, node, entry);
  const shape: Shape = entry.value ?? { kind: "int", signed: true, bits: 8, free: true };
  const found = fresh(state, "p");
  emit(state, node, `${found} := ${entry.go}.Lookup(${key})`);
  const held = fresh(state, "t");
  state.out.push(`var ${held} ${goType(state, shape)}`, `if ${found} != nil { ${held} = *${found} }`);
  missing(state, node, `${found} == nil`, "lookup");
  return keptValue(state, shape, held);
}

/** noteValue joins what is known of a map's values with one more. */
export function noteValue(state: State, entry: MapEntry, shape: Shape, node: Range): boolean {
  if (entry.aggregation !== undefined) {
    state.report.error(
      "map-conflict",
      node,
      `Type mismatch for ${entry.name}: trying to assign value of type '${typeTitle(shape)}' when map already has a type '${entry.aggregation}_t'`,
      "take another map",
    );
    return false;
  }
  const joined = entry.value === undefined ? shape : wider(entry.value, shape);
  if (joined === undefined) {
    state.report.error(
      "map-conflict",
      node,
      `Type mismatch for ${entry.name}: trying to assign value of type '${typeTitle(shape)}' when map already has a type '${typeTitle(entry.value ?? shape)}'`,
      "one map has one kind of value",
    );
    return false;
  }
  if (entry.value === undefined || !sameShape(joined, entry.value)) state.changed = true;
  entry.value = joined;
  return true;
}

/** tellFull marks a map that has no room: who reads the script's records looks at the marks, which cost probes next to nothing. */
function tellFull(state: State, entry: MapEntry): void {
  state.full.set(
    entry.go,
    `Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a map declaration e.g. \`let ${entry.name} = hash(5000)\``,
  );
}

/** isMarked tells that a map may have no room: others have one key, or drop the oldest. */
export function isMarked({ keys, kind }: MapEntry): boolean {
  return keys !== undefined && keys.length > 0 && kind?.startsWith("lru") !== true;
}

/** store puts a value that stands in a place under a key, and tells when there is no room. */
export function store(state: State, at: Range, entry: MapEntry, key: string, place: string): void {
  if (!isMarked(entry)) {
    emit(state, at, `${entry.go}.Update(${key}, &${place})`);
    return;
  }
  tellFull(state, entry);
  emit(state, at, `if ${entry.go}.Update(${key}, &${place}) != 0 { full_${entry.go} = 1 }`);
}

/** startsAtOne tells that a map counts: what a new key gets stands beside the map's mark, where one address reaches both. */
export function startsAtOne({ aggregation }: MapEntry): boolean {
  return aggregation === "count" || aggregation === "hist" || aggregation === "lhist";
}

/** insert stores a value under a key that is new: rare enough to count the kernel's answers, which takes no branch. */
export function insert(state: State, at: Range, entry: MapEntry, key: string, place: string): void {
  if (!isMarked(entry)) {
    emit(state, at, `${entry.go}.Update(${key}, &${place})`);
    return;
  }
  tellFull(state, entry);
  const answer = fresh(state, "d");
  emit(state, at, `${answer} := ${entry.go}.Update(${key}, &${place})`);
  state.out.push(`bpf.AtomicAdd(&full_${entry.go}${startsAtOne(entry) ? ".Mark" : ""}, uint64(${answer}))`);
}

/** assignMap stores a value. */
export function assignMap(state: State, node: MapNode, value: Value, at: Range): void {
  const shape = storable(state, value, at, "kept in a map");
  if (shape === undefined) return;
  const { entry, key, isRight } = keyOf(state, node);
  if (!isRight || !noteValue(state, entry, shape, node)) return;
  const kept = entry.value ?? shape;
  const held = fresh(state, "s");
  state.out.push(`var ${held} ${goType(state, kept)}`);
  writeInto(state, value, held, kept);
  store(state, node, entry, key, held);
}

/** mapStep is `@x++` and its kin: atomic, as processors share the value. */
export function mapStep(state: State, node: StepNode, target: MapNode): Value {
  const effectOnly = state.effectOnly;
  state.effectOnly = false;
  const { entry, key, isRight } = keyOf(state, target);
  if (
    !isRight ||
    !noteValue(
      state,
      entry,
      entry.value?.kind === "pointer" ? entry.value : { kind: "int", signed: true },
      target,
    )
  )
    return bad;
  const shape = entry.value;
  if (shape?.kind !== "int" && shape?.kind !== "pointer") {
    if (shape !== undefined)
      state.report.error(
        "bad-operation",
        node,
        `The ${node.operator} operator can not be used on expressions of types '${typeTitle(shape)}'`,
      );
    return bad;
  }
  const signed = shape.kind === "int" && shape.signed;
  const type = signed ? "int64" : "uint64";
  const size = shape.kind === "pointer" ? Math.max(1, sizeOf(shape.target)) : 1;
  const amount =
    node.operator === "++" ? `${type}(${size})` : signed ? `int64(-${size})` : `^uint64(${size - 1})`;
  const add = `${mark(node)}${entry.go}.Add(${key}, ${amount})`;
  const found = fresh(state, "p");
  const held = fresh(state, "t");
  const read = [
    `${found} := ${entry.go}.Lookup(${key})`,
    `var ${held} ${type}`,
    `if ${found} != nil { ${held} = *${found} }`,
  ];
  if (effectOnly) state.out.push(add);
  else state.out.push(...(node.before ? [add, ...read] : [...read, add]));
  return effectOnly ? { type: { kind: "void" }, code: "" } : keptValue(state, shape, held);
}
