import { keptValue } from "./kept.js";
import { forget, inLoop } from "./loops.js";
import { entryOf, keyShape } from "./maps.js";
import { readAggregate } from "./read-aggregate.js";
import { shapeBytes } from "./script.js";
import { goType } from "./shapes.js";
import { bad, emit, fresh, type State, type Value } from "./state.js";
import type { EachStatement } from "./tree.js";
import { tupleOf } from "./tuples.js";

// Larger keys and values are read where they are: two kilobytes of text would be moved for nothing.
const mostCopied = 256;

/** forEach is `for ($kv : @map) { }`: bpf_for_each_map_elem (kernel 5.13) with the body as its function. */
export function forEach(state: State, node: EachStatement, body: () => void): void {
  const entry = entryOf(state, node.map.name, node.map);
  const keys = entry.keys ?? [];
  if (entry.keys !== undefined && keys.length === 0) {
    state.report.error(
      "wrong-type",
      node.map,
      `${entry.name} has no explicit keys (scalar map), and cannot be used for iteration`,
    );
    return;
  }
  const shape = keyShape(keys);
  const [left, key, held, value] = [
    fresh(state, "q"),
    fresh(state, "k"),
    fresh(state, "s"),
    fresh(state, "p"),
  ];
  const outer = state.leave;
  state.out.push(`var ${left} bool`);
  forget(state);
  emit(
    state,
    node,
    `${entry.go}.ForEach(func(${key} *${goType(state, shape)}, ${value} *${valueType(state, node)}) bool {`,
  );
  inLoop(state, left, ["return true"], () => {
    // The key is copied: the map may lose it while the body runs.
    const isCopied = shapeBytes(shape) <= mostCopied;
    if (isCopied) state.out.push(`${held} := *${key}`);
    const first = keptValue(state, shape, isCopied ? held : `(*${key})`);
    const second = elementOf(state, node, isCopied ? `&${held}` : key, value);
    const pair = tupleOf(state, [
      { value: first, at: node.variable },
      { value: second, at: node.variable },
    ]);
    // The pair is not put together before it is wanted whole.
    state.pairs.set(node.variable.name, pair);
    body();
    state.pairs.delete(node.variable.name);
  });
  state.out.push("return false", "})", `if ${left} {`, ...outer, "}");
}

function valueType(state: State, node: EachStatement): string {
  const entry = entryOf(state, node.map.name, node.map);
  const { aggregation } = entry;
  if (aggregation === undefined) return goType(state, entry.value ?? { kind: "int", signed: true });
  if (aggregation === "sum") return "int64";
  return aggregation === "avg" || aggregation === "min" || aggregation === "max" || aggregation === "stats"
    ? "Aggregate"
    : "uint64";
}

function elementOf(state: State, node: EachStatement, key: string, value: string): Value {
  const entry = entryOf(state, node.map.name, node.map);
  if (entry.aggregation !== undefined) return readAggregate(state, node.map, entry, key) ?? bad;
  const shape = entry.value ?? { kind: "int" as const, signed: true, bits: 8 as const, free: true };
  if (shapeBytes(shape) > mostCopied) return keptValue(state, shape, `(*${value})`);
  const held = fresh(state, "t");
  state.out.push(`${held} := *${value}`);
  return keptValue(state, shape, held);
}
