import { setApart } from "./alone.js";
import { argument, type Call, type CallRow, mapArgument, nothing, row } from "./call-arguments.js";
import { send } from "./events.js";
import { missing } from "./helper-errors.js";
import { entryOf, keyOf } from "./maps.js";
import { bad, emit, fresh } from "./state.js";
import type { CallNode, MapNode, Node } from "./tree.js";
import { fromCondition, integer } from "./values.js";

const whole =
  (kind: "clear" | "zero"): Call =>
  (state, node) => {
    const found = mapArgument(state, argument(node, 0), kind);
    if (found === undefined) return nothing;
    if (found.keys.length > 0)
      state.report.error(
        "bad-call",
        found,
        `${kind} takes a whole map`,
        `delete(${found.name}[…]) takes one element`,
      );
    else {
      const entry = entryOf(state, found.name, found);
      setApart(state, entry);
      send(state, node, { kind, map: entry.name });
    }
    return nothing;
  };

/** keysOf takes a tuple apart: delete(@x, (1, 2)) is delete(@x[1, 2]). */
function keysOf(key: Node): readonly Node[] {
  const elements: unknown = String(key.kind) === "tuple" ? Reflect.get(key, "elements") : undefined;
  return Array.isArray(elements) ? elements : [key];
}

/** element is the map with the key that a call names. */
function element(node: CallNode, map: MapNode): MapNode {
  const key = node.arguments[1];
  return key === undefined ? map : { ...map, keys: keysOf(key) };
}

const remove: Call = (state, node) => {
  const found = mapArgument(state, argument(node, 0), "delete");
  if (found === undefined) return bad;
  const known = entryOf(state, found.name, found);
  if (known.aggregation === "hist" || known.aggregation === "lhist" || known.aggregation === "tseries") {
    state.report.error(
      "unsupported",
      node,
      `one element of a ${known.aggregation}() cannot be deleted`,
      `clear(${found.name}) empties it`,
    );
    return bad;
  }
  const { effectOnly } = state;
  state.effectOnly = false;
  const { entry, key } = keyOf(state, element(node, found));
  if (effectOnly && !state.limits.tellsErrors) {
    emit(state, node, `${entry.go}.Delete(${key})`);
    return nothing;
  }
  const done = fresh(state, "d");
  emit(state, node, `${done} := ${entry.go}.Delete(${key})`);
  if (effectOnly) {
    missing(state, node, `${done} != 0`, "delete");
    return nothing;
  }
  return fromCondition(`${done} == 0`);
};

const hasKey: Call = (state, node) => {
  const found = mapArgument(state, argument(node, 0), "has_key");
  if (found === undefined) return bad;
  const { keys } = entryOf(state, found.name, found);
  if (keys !== undefined && keys.length === 0) {
    state.report.error(
      "bad-call",
      node,
      "call to has_key() expects a map with explicit keys (non-scalar map)",
    );
    return bad;
  }
  const { entry, key } = keyOf(state, element(node, found));
  const there = fresh(state, "p");
  emit(state, node, `${there} := ${entry.go}.Lookup(${key})`);
  const has = fresh(state, "h");
  state.out.push(`${has} := ${there} != nil`);
  return fromCondition(has);
};

/** length counts a map's keys, or the frames of a stack. */
const length: Call = (state, node) => {
  const first = argument(node, 0);
  if (first.kind !== "map") {
    const value = state.evaluate(state, first);
    const { kind } = value.type;
    if (kind === "kstack" || kind === "ustack") {
      if (!state.asked.stackDepths) state.changed = true;
      state.asked.stackDepths = true;
      return integer(`int64((${value.code} >> 16) & 0x7fff)`, true);
    }
    if (kind !== "bad")
      state.report.error("wrong-type", first, "len takes a map or a stack", "len(@x), len(kstack)");
    return bad;
  }
  const entry = entryOf(state, first.name, first);
  if (entry.keys !== undefined && entry.keys.length === 0) {
    state.report.error("bad-call", node, "call to len() expects a map with explicit keys (non-scalar map)");
    return bad;
  }
  // Kernel 6.6.
  return integer(`kfunc.bpf_map_sum_elem_count(&${entry.go})`, true);
};

/** mapCalls work on maps. */
export const mapCalls: Readonly<Record<string, CallRow>> = {
  clear: row(1, 1, "clear(@x)", whole("clear")),
  zero: row(1, 1, "zero(@x)", whole("zero")),
  delete: row(1, 2, "delete(@x[key])", remove),
  has_key: row(2, 2, "has_key(@x, key)", hasKey),
  len: row(1, 1, "len(@x)", length),
};
