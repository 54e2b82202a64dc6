import { HelperFunction } from "@go3s/bpf";
import type { Size, Value } from "../ir/ir.js";
import type { CallExpr, Expr } from "../syntax/ast.js";
import type { MapMethodRow } from "../types/map-methods.js";
import type { MapSymbol } from "../types/symbols.js";
import { sizeOf, type Type } from "../types/type.js";
import { clamp } from "./arithmetic.js";
import { zero } from "./copies.js";
import {
  argument,
  done,
  flag,
  integer,
  type Method,
  mapAddress,
  operandAddress,
  result,
  standsFor,
} from "./map-method.js";
import { addressOf, release, temporary } from "./places.js";
import { storeScalar } from "./scalar-access.js";
import { specialMethods } from "./special-maps.js";
import { isDirect, type Low, refuse, type Scalar, widthOf } from "./state.js";

const lookup: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  low.b.at = expr;
  const value = low.b.call(HelperFunction.map_lookup_elem, [mapAddress(low, map), key.address]);
  value.nilable = true;
  done(low, key);
  return { value, space: "map" };
};

/** lookupCpu finds the value of another CPU; nil when there is no such key or no such CPU. */
const lookupCpu: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  const cpu = integer(low, expr, 1, 0n);
  low.b.at = expr;
  const value = low.b.call(HelperFunction.map_lookup_percpu_elem, [mapAddress(low, map), key.address, cpu]);
  value.nilable = true;
  done(low, key);
  return { value, space: "map" };
};

const update =
  (flags: bigint): Method =>
  (low, map, expr) => {
    const key = operandAddress(low, argument(expr, 0), map.type.key);
    const value = operandAddress(low, argument(expr, 1), map.type.value);
    const chosen = integer(low, expr, 2, flags);
    low.b.at = expr;
    const code = low.b.call(HelperFunction.map_update_elem, [
      mapAddress(low, map),
      key.address,
      value.address,
      chosen,
    ]);
    done(low, key, value);
    return result(code);
  };

const remove: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  low.b.at = expr;
  const code = low.b.call(HelperFunction.map_delete_elem, [mapAddress(low, map), key.address]);
  done(low, key);
  return result(code);
};

function addTo(low: Low, map: MapSymbol, pointer: Value, amount: Value): void {
  const { b } = low;
  const size: Size = sizeOf(map.type.value) === 4 ? 4 : 8;
  if (map.type.row.shared) b.atomicAdd(pointer, 0, size, amount);
  else
    b.store(pointer, 0, size, b.binary("add", b.load(pointer, 0, size, false, size === 8 ? 64 : 32), amount));
}

/** add counts in place; a hash without the key gets it, and the add is repeated when another CPU was first. */
const add: Method = (low, map, expr) => {
  const { b } = low;
  const { type } = map;
  const key = operandAddress(low, argument(expr, 0), type.key);
  const count = expr.arguments[1];
  const width = widthOf(type.value);
  const amount = count === undefined ? b.constant(1n, width) : low.scalar(low, count).value;
  b.at = expr;
  const [found, missing, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
  const find = (): Value => {
    const pointer = b.call(HelperFunction.map_lookup_elem, [mapAddress(low, map), key.address]);
    pointer.nilable = true;
    return pointer;
  };
  const pointer = find();
  b.branch(b.compare("ne", pointer, b.constant(0n)), found, missing);
  b.seal(found);
  b.seal(missing);
  b.enter(found);
  addTo(low, map, pointer, amount);
  b.jump(after);
  b.enter(missing);
  if (type.row.family === "hash") {
    const initial = temporary(low, type.value);
    storeScalar(low, initial, amount, expr);
    const code = b.call(HelperFunction.map_update_elem, [
      mapAddress(low, map),
      key.address,
      addressOf(low, initial),
      b.constant(flag("BPF_NOEXIST")),
    ]);
    release(low, initial);
    if (type.row.shared) {
      const [raced, second] = [b.newBlock(), b.newBlock()];
      b.branch(b.compare("eq", code, b.constant(0n)), after, raced);
      b.seal(raced);
      b.enter(raced);
      const again = find();
      b.branch(b.compare("ne", again, b.constant(0n)), second, after);
      b.seal(second);
      b.enter(second);
      addTo(low, map, again, amount);
    }
  }
  b.jump(after);
  b.seal(after);
  b.enter(after);
  done(low, key);
  return result(b.constant(0n));
};

/** reserve gives a cleared record. Large records are better sent from a scratch value by OutputN: clearing costs. */
const reserve: Method = (low, map, expr) => reserveRecord(low, map, map.type.value, expr);

/** reserveRecord reserves a cleared record of any type. */
export function reserveRecord(low: Low, map: MapSymbol, type: Type, expr: CallExpr): Scalar {
  const { b } = low;
  const pointer = b.call(HelperFunction.ringbuf_reserve, [
    mapAddress(low, map),
    b.constant(BigInt(sizeOf(type))),
    b.constant(0n),
  ]);
  pointer.nilable = true;
  pointer.owned = true;
  // The kernel gives the record uninitialised; what the program leaves unset would tell user space of old records.
  const [clear, after] = [b.newBlock(), b.newBlock()];
  b.branch(b.compare("ne", pointer, b.constant(0n)), clear, after);
  b.seal(clear);
  b.enter(clear);
  zero(low, {
    type,
    space: "ring",
    base: pointer,
    slot: undefined,
    offset: 0,
    core: undefined,
    align: 8,
  });
  b.jump(after);
  b.seal(after);
  b.enter(after);
  b.at = expr;
  return { value: pointer, space: "ring" };
}

const finish =
  (helper: number): Method =>
  (low, _map, expr) => {
    const { value } = low.scalar(low, argument(expr, 0));
    const flags = integer(low, expr, 1, 0n);
    low.b.at = expr;
    low.b.call(helper, [value, flags]);
    return result(low.b.constant(0n));
  };

const output: Method = (low, map, expr) => {
  const value = operandAddress(low, argument(expr, 0), map.type.value, false);
  const flags = integer(low, expr, 1, 0n);
  low.b.at = expr;
  const size = low.b.constant(BigInt(sizeOf(map.type.value)));
  const code = low.b.call(HelperFunction.ringbuf_output, [mapAddress(low, map), value.address, size, flags]);
  done(low, value);
  return result(code);
};

const outputN: Method = (low, map, expr) => {
  const memory = low.scalar(low, argument(expr, 0));
  if (!isDirect(memory.space) || memory.space === "packet")
    refuse(
      low,
      "address-space",
      argument(expr, 0),
      `a ring buffer takes memory of the program, this points to ${memory.space} memory`,
    );
  const size = clamp(low, integer(low, expr, 1, 0n), BigInt(sizeOf(map.type.value)));
  const flags = integer(low, expr, 2, 0n);
  low.b.at = expr;
  return result(low.b.call(HelperFunction.ringbuf_output, [mapAddress(low, map), memory.value, size, flags]));
};

const query =
  (otherwise: bigint): Method =>
  (low, map, expr) => {
    const what = integer(low, expr, 0, otherwise);
    return result(low.b.call(HelperFunction.ringbuf_query, [mapAddress(low, map), what]));
  };

const queue =
  (helper: number, flags: boolean): Method =>
  (low, map, expr) => {
    const value = operandAddress(low, argument(expr, 0), map.type.value);
    const args = [mapAddress(low, map), value.address];
    if (flags) args.push(integer(low, expr, 1, 0n));
    const code = low.b.call(helper, args);
    done(low, value);
    return result(code);
  };

/** methods by name, one for each row of types/map-kinds.ts. */
const methods: Readonly<Record<string, Method>> = {
  Lookup: lookup,
  LookupCPU: lookupCpu,
  Update: update(0n),
  Insert: update(1n),
  Replace: update(2n),
  Delete: remove,
  Increment: add,
  Add: add,
  Reserve: reserve,
  Submit: finish(HelperFunction.ringbuf_submit),
  Discard: finish(HelperFunction.ringbuf_discard),
  Output: output,
  OutputN: outputN,
  Query: query(0n),
  Avail: query(flag("BPF_RB_AVAIL_DATA")),
  Push: queue(HelperFunction.map_push_elem, true),
  Pop: queue(HelperFunction.map_pop_elem, false),
  Peek: queue(HelperFunction.map_peek_elem, false),
  ...specialMethods,
};

/** mapMethod lowers a call of a map's method; `object` gives the map when it has no name. */
export function mapMethod(
  low: Low,
  row: MapMethodRow,
  map: MapSymbol,
  expr: CallExpr,
  object: Expr | undefined,
): Scalar {
  const method = methods[`${map.type.row.family}.${row.name}`] ?? methods[row.name];
  if (method === undefined) throw new Error(`the method ${row.name} has no lowering`);
  if (object !== undefined) standsFor(map, low.scalar(low, object).value);
  return method(low, map, expr);
}
