import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import type { CallExpr } from "../syntax/ast.js";
import { sizeOf, under } from "../types/type.js";
import { entryShape, sampleShape } from "./callback-shape.js";
import { observe } from "./histogram.js";
import { argument, done, integer, type Method, mapAddress, operandAddress, result } from "./map-method.js";
import { type Low, refuse, typeOf } from "./state.js";

// BPF_F_CURRENT_CPU and BPF_LOCAL_STORAGE_GET_F_CREATE, include/uapi/linux/bpf.h
const CURRENT_CPU = 0xffff_ffffn;
const CREATE = 1n;

/** contextName is the kind of the context that an argument is: helpers differ by it. */
function contextName(low: Low, expr: CallExpr): string {
  const of = under(typeOf(low, argument(expr, 0)));
  const target = of.kind === "pointer" ? under(of.target) : of;
  return target.kind === "context" ? target.row.name : "";
}

const perfOutput: Method = (low, map, expr) => {
  const context = low.scalar(low, argument(expr, 0)).value;
  const value = operandAddress(low, argument(expr, 1), map.type.value, false);
  const flags = integer(low, expr, 2, CURRENT_CPU);
  low.b.at = expr;
  const size = low.b.constant(BigInt(sizeOf(map.type.value)));
  const args = [context, mapAddress(low, map), flags, value.address, size];
  const code = low.b.call(HelperFunction.perf_event_output, args);
  done(low, value);
  return result(code);
};

const forEach: Method = (low, map, expr) => {
  const shape = entryShape([map.type.key, map.type.value], 3);
  const { code, environment } = low.callback(low, argument(expr, 0), shape);
  const { b } = low;
  b.at = expr;
  const args = [mapAddress(low, map), b.functionAddress(code), environment ?? b.constant(0n), b.constant(0n)];
  return result(b.call(HelperFunction.for_each_map_elem, args));
};

const drain: Method = (low, map, expr) => {
  const { code, environment } = low.callback(low, argument(expr, 0), sampleShape(map.type.value));
  const { b } = low;
  const flags = integer(low, expr, 1, 0n);
  b.at = expr;
  const args = [mapAddress(low, map), b.functionAddress(code), environment ?? b.constant(0n), flags];
  return result(b.call(HelperFunction.user_ringbuf_drain, args));
};

const push: Method = (low, map, expr) => {
  const value = operandAddress(low, argument(expr, 0), map.type.value);
  const code = low.b.call(HelperFunction.map_push_elem, [
    mapAddress(low, map),
    value.address,
    low.b.constant(0n),
  ]);
  done(low, value);
  return result(code);
};

const contains: Method = (low, map, expr) => {
  const value = operandAddress(low, argument(expr, 0), map.type.value);
  const code = low.b.call(HelperFunction.map_peek_elem, [mapAddress(low, map), value.address]);
  done(low, value);
  return result(low.b.compare("eq", code, low.b.constant(0n)));
};

/** owner is the object a storage belongs to, which the verifier must know. */
function owner(low: Low, expr: CallExpr): Value {
  const given = low.scalar(low, argument(expr, 0));
  if (given.space === "kernel" || given.space === "user")
    refuse(
      low,
      "address-space",
      argument(expr, 0),
      "the verifier does not know this object: its address came from memory",
      "take it from a @tp_btf argument, bpf.CurrentTask() or a function of the kernel",
    );
  return given.value;
}

const get =
  (flags: bigint): Method =>
  (low, map, expr) => {
    const { b } = low;
    const object = owner(low, expr);
    const initial = expr.arguments[1];
    const value = initial === undefined ? undefined : operandAddress(low, initial, map.type.value);
    b.at = expr;
    const args = [mapAddress(low, map), object, value?.address ?? b.constant(0n), b.constant(flags)];
    const found = b.call(map.type.row.owner?.get ?? 0, args);
    found.nilable = true;
    done(low, value);
    return { value: found, space: "map" };
  };

const drop: Method = (low, map, expr) => {
  const object = owner(low, expr);
  low.b.at = expr;
  return result(low.b.call(map.type.row.owner?.drop ?? 0, [mapAddress(low, map), object]));
};

const redirectDevice: Method = (low, map, expr) => {
  const key = integer(low, expr, 0, 0n);
  const flags = integer(low, expr, 1, 0n);
  low.b.at = expr;
  return result(low.b.call(HelperFunction.redirect_map, [mapAddress(low, map), key, flags]));
};

/** redirectSocket sends a message or packet to a socket of the map; a map's key is a number, a hash's an address. */
const redirectSocket: Method = (low, map, expr) => {
  const { b } = low;
  const context = low.scalar(low, argument(expr, 0)).value;
  const isMessage = contextName(low, expr) === "SkMsg";
  const isHash = map.type.row.name === "SockHash";
  const flags = integer(low, expr, 2, 0n);
  if (!isHash) {
    const key = integer(low, expr, 1, 0n);
    b.at = expr;
    const helper = isMessage ? HelperFunction.msg_redirect_map : HelperFunction.sk_redirect_map;
    return result(b.call(helper, [context, mapAddress(low, map), key, flags]));
  }
  const key = operandAddress(low, argument(expr, 1), map.type.key);
  b.at = expr;
  const helper = isMessage ? HelperFunction.msg_redirect_hash : HelperFunction.sk_redirect_hash;
  const code = b.call(helper, [context, mapAddress(low, map), key.address, flags]);
  done(low, key);
  return result(code);
};

/** keepSocket puts the socket of a sockops program into the map. */
const keepSocket: Method = (low, map, expr) => {
  const { b } = low;
  const context = low.scalar(low, argument(expr, 0)).value;
  const key = operandAddress(low, argument(expr, 1), map.type.key);
  const flags = integer(low, expr, 2, 0n);
  b.at = expr;
  const isHash = map.type.row.name === "SockHash";
  const helper = isHash ? HelperFunction.sock_hash_update : HelperFunction.sock_map_update;
  const code = b.call(helper, [context, mapAddress(low, map), key.address, flags]);
  done(low, key);
  return result(code);
};

/** nested looks up a map in a map; what it gives is a map itself. */
const nested: Method = (low, map, expr) => {
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  low.b.at = expr;
  const value = low.b.call(HelperFunction.map_lookup_elem, [mapAddress(low, map), key.address]);
  value.nilable = true;
  done(low, key);
  return { value, space: "map" };
};

/** specialMethods by family and name, for maps that are no stores. */
export const specialMethods: Readonly<Record<string, Method>> = {
  "events.Output": perfOutput,
  ForEach: forEach,
  Drain: drain,
  "bloom.Push": push,
  Contains: contains,
  "maps.Lookup": nested,
  Get: get(0n),
  GetOrCreate: get(CREATE),
  "storage.Delete": drop,
  "devices.Redirect": redirectDevice,
  "sockets.Redirect": redirectSocket,
  "sockets.Update": keepSocket,
  Observe: observe,
};
