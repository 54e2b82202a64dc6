import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import type { CallExpr } from "../syntax/ast.js";
import type { Call } from "../types/symbols.js";
import { type Field, sizeOf } from "../types/type.js";
import { argumentBytes, argumentFields, countAt } from "../types/usdt.js";
import { choose } from "./arithmetic.js";
import { within } from "./places.js";
import { loadScalar } from "./scalar-access.js";
import type { Low, Place, Scalar } from "./state.js";

// enum __bpf_usdt_arg_type of libbpf's usdt.bpf.h
const CONSTANT = 0n;
const REGISTER = 1n;
const MEMORY = 2n;
const INDEXED = 3n;

/** read is one part of an argument's description, in 64 bits. */
function read(low: Low, argument: Place, field: Field): Value {
  const { b } = low;
  const place = within(argument, field.offset, field.type, field);
  const { value } = loadScalar(low, place);
  return value.width === 64
    ? value
    : b.unary(sizeOf(field.type) === 2 && field.bits === undefined ? "sext" : "zext", value, 64, 32);
}

/** probed reads eight bytes at an address. */
function probed(low: Low, helper: number, address: Value): Value {
  const { b } = low;
  const slot = b.slot(8, "");
  b.call(helper, [b.slotAddress(slot), b.constant(8n), address]);
  const value = b.load(b.slotAddress(slot), 0, 8, false, 64);
  slot.to = b.clock();
  return value;
}

/** located finds an argument's bytes by the kind of its place. */
function located(low: Low, context: Value, argument: Place): Value {
  const { b } = low;
  const kind = read(low, argument, argumentFields.type);
  const value = read(low, argument, argumentFields.value);
  const register = (field: Field): Value =>
    probed(low, HelperFunction.probe_read_kernel, b.binary("add", context, read(low, argument, field)));
  const is = (wanted: bigint): Value => b.compare("eq", kind, b.constant(wanted));
  const memory = (indexed: boolean): Value => {
    const base = register(argumentFields.register);
    const index = indexed ? register(argumentFields.index) : undefined;
    const by =
      index === undefined ? undefined : b.binary("shl", index, read(low, argument, argumentFields.scale));
    const start = by === undefined ? base : b.binary("add", base, by);
    return probed(low, HelperFunction.probe_read_user, b.binary("add", start, value));
  };
  return choose(
    low,
    is(CONSTANT),
    64,
    () => value,
    () =>
      choose(
        low,
        is(REGISTER),
        64,
        () => register(argumentFields.register),
        () =>
          choose(
            low,
            is(MEMORY),
            64,
            () => memory(false),
            () =>
              choose(
                low,
                is(INDEXED),
                64,
                () => memory(true),
                () => b.constant(0n),
              ),
          ),
      ),
  );
}

/** usdtArgument reads an argument of a USDT probe, as libbpf's bpf_usdt_arg does; 0 when there is none. */
export function usdtArgument(low: Low, call: Call & { kind: "usdt-argument" }, expr: CallExpr): Scalar {
  const { b } = low;
  const context = low.scalar(low, call.object).value;
  b.at = expr;
  const key = b.slot(4, "");
  const cookie = b.call(HelperFunction.get_attach_cookie, [context]);
  b.store(b.slotAddress(key), 0, 4, cookie);
  const spec = b.call(HelperFunction.map_lookup_elem, [b.mapAddress(call.map), b.slotAddress(key)]);
  spec.nilable = true;
  key.to = b.clock();
  const value = choose(
    low,
    b.compare("ne", spec, b.constant(0n)),
    64,
    () => {
      const argument: Place = {
        type: { kind: "array", element: { kind: "bool" }, length: argumentBytes },
        space: "map",
        base: b.binary("add", spec, b.constant(BigInt(call.index * argumentBytes))),
        slot: undefined,
        offset: 0,
        core: undefined,
        align: 8,
      };
      const count = b.load(spec, countAt, 2, false, 64);
      return choose(
        low,
        b.compare("ugt", count, b.constant(BigInt(call.index))),
        64,
        () => {
          const bytes = located(low, context, argument);
          const shift = read(low, argument, argumentFields.shift);
          const top = b.binary("shl", bytes, shift);
          const signed = read(low, argument, argumentFields.signed);
          return choose(
            low,
            b.compare("ne", signed, b.constant(0n)),
            64,
            () => b.binary("ashr", top, shift),
            () => b.binary("lshr", top, shift),
          );
        },
        () => b.constant(0n),
      );
    },
    () => b.constant(0n),
  );
  return { value, space: "kernel" };
}
