import { HelperFunction } from "@go3s/bpf";
import type { Size, Value } from "../ir/ir.js";
import type { CallExpr, Expr } from "../syntax/ast.js";
import { kernelConstants } from "../types/constants.js";
import type { MapMethodRow } from "../types/map-kinds.js";
import type { MapSymbol } from "../types/symbols.js";
import { identical, isScalar, sizeOf, type Type, under } from "../types/type.js";
import { clamp, wide } from "./arithmetic.js";
import { addressOf, release, storeScalar, temporary, zero } from "./places.js";
import { isDirect, type Low, type Place, refuse, type Scalar, typeOf, widthOf } from "./state.js";

/** Operand is the address of a key or value, and the temporary that holds it. */
interface Operand {
  readonly address: Value;
  readonly hold: Place | undefined;
}

/** operandAddress gives the address of a key or value that was given by value or by address. */
export function operandAddress(low: Low, expr: Expr, type: Type): Operand {
  const given = typeOf(low, expr);
  const of = under(given);
  if (of.kind === "pointer" && identical(of.target, type) && !identical(given, type)) {
    const pointer = low.scalar(low, expr);
    if (!isDirect(pointer.space)) {
      refuse(
        low,
        "address-space",
        expr,
        `a map needs memory of the program, this points to ${pointer.space} memory`,
        "copy it into a variable first: v := *p",
      );
    }
    return { address: pointer.value, hold: undefined };
  }
  if (!isScalar(type) && low.shared.checked.constants.get(expr.id) === undefined) {
    const place = low.place(low, expr);
    if (isDirect(place.space)) return { address: addressOf(low, place), hold: undefined };
  }
  const hold = temporary(low, type);
  low.into(low, hold, expr);
  return { address: addressOf(low, hold), hold };
}

function done(low: Low, ...operands: readonly (Operand | undefined)[]): void {
  for (const operand of operands) if (operand?.hold !== undefined) release(low, operand.hold);
}

function flag(name: string): bigint {
  return kernelConstants[name] ?? 0n;
}

/** Method lowers one method of maps. */
type Method = (low: Low, map: MapSymbol, expr: CallExpr) => Scalar;

const argument = (expr: CallExpr, index: number): Expr => {
  const found = expr.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
};

const integer = (low: Low, expr: CallExpr, index: number, otherwise: bigint): Value => {
  const value = expr.arguments[index];
  return value === undefined
    ? low.b.constant(otherwise)
    : wide(low, low.scalar(low, value).value, typeOf(low, value));
};

const result = (value: Value): Scalar => ({ value, space: "kernel" });

const lookup: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  low.b.at = expr;
  const value = low.b.call(HelperFunction.map_lookup_elem, [low.b.mapAddress(map), key.address]);
  value.nilable = true;
  done(low, key);
  return { value, space: "map" };
};

/** lookupCpu finds the value of another CPU; nil when there is no such key or no such CPU. */
const lookupCpu: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  const cpu = integer(low, expr, 1, 0n);
  low.b.at = expr;
  const value = low.b.call(HelperFunction.map_lookup_percpu_elem, [low.b.mapAddress(map), key.address, cpu]);
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
      low.b.mapAddress(map),
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
  const code = low.b.call(HelperFunction.map_delete_elem, [low.b.mapAddress(map), key.address]);
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
    const pointer = b.call(HelperFunction.map_lookup_elem, [b.mapAddress(map), key.address]);
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
      b.mapAddress(map),
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
    b.mapAddress(map),
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
  const value = operandAddress(low, argument(expr, 0), map.type.value);
  const flags = integer(low, expr, 1, 0n);
  low.b.at = expr;
  const size = low.b.constant(BigInt(sizeOf(map.type.value)));
  const code = low.b.call(HelperFunction.ringbuf_output, [low.b.mapAddress(map), value.address, size, flags]);
  done(low, value);
  return result(code);
};

const outputN: Method = (low, map, expr) => {
  const memory = low.scalar(low, argument(expr, 0));
  if (!isDirect(memory.space))
    refuse(
      low,
      "address-space",
      argument(expr, 0),
      `a ring buffer takes memory of the program, this points to ${memory.space} memory`,
    );
  const size = clamp(low, integer(low, expr, 1, 0n), BigInt(sizeOf(map.type.value)));
  const flags = integer(low, expr, 2, 0n);
  low.b.at = expr;
  return result(
    low.b.call(HelperFunction.ringbuf_output, [low.b.mapAddress(map), memory.value, size, flags]),
  );
};

const query =
  (otherwise: bigint): Method =>
  (low, map, expr) => {
    const what = integer(low, expr, 0, otherwise);
    return result(low.b.call(HelperFunction.ringbuf_query, [low.b.mapAddress(map), what]));
  };

const queue =
  (helper: number, flags: boolean): Method =>
  (low, map, expr) => {
    const value = operandAddress(low, argument(expr, 0), map.type.value);
    const args = [low.b.mapAddress(map), value.address];
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
};

/** mapMethod lowers a call of a map's method. */
export function mapMethod(low: Low, row: MapMethodRow, map: MapSymbol, expr: CallExpr): Scalar {
  const method = methods[row.name];
  if (method === undefined) throw new Error(`the method ${row.name} has no lowering`);
  return method(low, map, expr);
}
