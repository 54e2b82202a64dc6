import { HelperFunction } from "@go3s/bpf";
import type { Text, Value } from "../ir/ir.js";
import { sizeOf } from "../types/type.js";
import { choose, wide } from "./arithmetic.js";
import { argument, done, flag, type Method, mapAddress, operandAddress, result } from "./map-method.js";
import { type Low, typeOf } from "./state.js";

// Where the parts of types/maps.ts's histogramType stand.
const COUNT = 0;
const SUM = 8;
const BUCKETS = 16;

/** bitLength is how many bits a number has: 0 for 0, else one more than the place of its highest bit. */
function bitLength(low: Low, value: Value): Value {
  const { b } = low;
  let rest = value;
  let bits = b.constant(0n);
  for (const step of [32n, 16n, 8n, 4n, 2n, 1n]) {
    const high = b.binary("lshr", rest, b.constant(step));
    const more = b.compare("ne", high, b.constant(0n));
    const before = rest;
    const known = bits;
    rest = choose(
      low,
      more,
      64,
      () => high,
      () => before,
    );
    bits = choose(
      low,
      more,
      64,
      () => b.binary("add", known, b.constant(step)),
      () => known,
    );
  }
  return b.binary("add", bits, rest);
}

/** nothing is a histogram without any value, for keys that are new. */
function nothing(low: Low, size: number): Value {
  const key = `histogram ${size}`;
  const known: Text = low.shared.texts.get(key) ?? { kind: "text", bytes: new Uint8Array(size) };
  low.shared.texts.set(key, known);
  return low.b.globalAddress(known);
}

/** observe counts a value in the histogram of a key. Each CPU has its own: no atomics. */
export const observe: Method = (low, map, expr) => {
  const { b } = low;
  const key = operandAddress(low, argument(expr, 0), map.type.key);
  const given = argument(expr, 1);
  const amount = wide(low, low.scalar(low, given).value, typeOf(low, given));
  b.at = expr;
  const find = (): Value => {
    const pointer = b.call(HelperFunction.map_lookup_elem, [mapAddress(low, map), key.address]);
    pointer.nilable = true;
    return pointer;
  };
  const variable = {};
  const [missing, found, count, after] = [b.newBlock(), b.newBlock(), b.newBlock(), b.newBlock()];
  const first = find();
  b.write(variable, first);
  b.branch(b.compare("ne", first, b.constant(0n)), found, missing);
  b.seal(missing);
  b.enter(missing);
  const flags = b.constant(flag("BPF_NOEXIST"));
  const empty = nothing(low, sizeOf(map.type.value));
  b.call(HelperFunction.map_update_elem, [mapAddress(low, map), key.address, empty, flags]);
  const second = find();
  b.write(variable, second);
  b.branch(b.compare("ne", second, b.constant(0n)), found, after);
  b.seal(found);
  b.enter(found);
  const pointer = b.read(variable, 64);
  for (const [at, by] of [
    [COUNT, b.constant(1n)],
    [SUM, amount],
  ] as const)
    b.store(pointer, at, 8, b.binary("add", b.load(pointer, at, 8, false, 64), by));
  const bucket = bitLength(low, amount);
  // At most 64; the verifier does not follow the sum of six choices.
  b.branch(b.compare("ule", bucket, b.constant(64n)), count, after);
  b.seal(count);
  b.enter(count);
  const place = b.binary("add", pointer, b.binary("shl", bucket, b.constant(3n)));
  b.store(place, BUCKETS, 8, b.binary("add", b.load(place, BUCKETS, 8, false, 64), b.constant(1n)));
  b.jump(after);
  b.seal(after);
  b.enter(after);
  done(low, key);
  return result(b.constant(0n));
};
