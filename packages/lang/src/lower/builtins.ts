import { HelperFunction } from "@go3s/bpf";
import type { Size, Value } from "../ir/ir.js";
import type { CallExpr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { isScalar, sizeOf, type Type, uint8, uint16, uint32, uint64, under } from "../types/type.js";
import { addressNumber, choose, clamp, compareValues, guard, wide } from "./arithmetic.js";
import {
  argument,
  destination,
  type Lowering,
  plain,
  pointerPlace,
  scalarAt,
  source,
  targetAt,
  wideAt,
} from "./builtin.js";
import { equalBytes } from "./bytes.js";
import { loopShape } from "./callback-shape.js";
import { copy, zero } from "./copies.js";
import { dynptrLowerings } from "./dynptr-builtins.js";
import { existenceLowerings } from "./existence.js";
import { symbolLowerings } from "./kernel-symbols.js";
import { mapBuiltinLowerings } from "./map-builtins.js";
import { operandAddress } from "./map-method.js";
import { reserveRecord } from "./map-methods.js";
import { addressOf, bytePlace, checkPacket, pointee, release, temporary } from "./places.js";
import { printLowerings } from "./print-builtins.js";
import { loadWord, probeRead, storeScalar } from "./scalar-access.js";
import { isDirect, type Low, type Place, refuse, type Scalar, type Space, typeOf } from "./state.js";
import { lowerText } from "./text-builtins.js";

const word =
  (helper: number): Lowering =>
  ({ low }) =>
    plain(low.b.call(helper, []));
const half =
  (helper: number, high: boolean): Lowering =>
  ({ low }) => {
    const { b } = low;
    const both = b.call(helper, []);
    return plain(b.unary("trunc", high ? b.binary("lshr", both, b.constant(32n)) : both, 32));
  };
const narrow =
  (helper: number): Lowering =>
  ({ low }) =>
    plain(low.b.unary("trunc", low.b.call(helper, []), 32));

const makePointer =
  (space: Space): Lowering =>
  (c) => {
    const given = scalarAt(c, 0);
    return { value: wide(c.low, given.value, typeOf(c.low, argument(c, 0))), space };
  };

const packet: Lowering = (c) => {
  const { low } = c;
  const { b } = low;
  const context = scalarAt(c, 0).value;
  const type = under(typeOf(low, argument(c, 0)));
  const row = type.kind === "pointer" ? under(type.target) : type;
  const bounds = row.kind === "context" ? row.row.packet : undefined;
  if (bounds === undefined) throw new Error("packets are checked before");
  // In code that nothing reaches the context is no value that others may use.
  if (context.op === "param") low.packet = { context, end: bounds.end };
  const offset = wideAt(c, 1);
  const data = b.load(context, bounds.data, bounds.size ?? 4, false, 64);
  const end = b.load(context, bounds.end, bounds.size ?? 4, false, 64);
  // The verifier refuses packet offsets above 0xffff (MAX_PACKET_OFF).
  const start = b.binary("add", data, clamp(low, offset, 0xffffn - BigInt(sizeOf(c.types[0] ?? uint8))));
  const behind = b.binary("add", start, b.constant(BigInt(sizeOf(c.types[0] ?? uint8))));
  const pointer = choose(
    low,
    b.compare("ule", behind, end),
    64,
    () => start,
    () => b.constant(0n),
  );
  pointer.nilable = true;
  return { value: pointer, space: "packet" };
};

const loadAt =
  (size: Size): Lowering =>
  (c) => {
    const { low } = c;
    const { b } = low;
    const array = under(targetAt(c, 0));
    const place = pointerPlace(c, 0);
    const bytes = sizeOf(array);
    const index = wideAt(c, 1);
    b.at = c.expr;
    if (index.op === "const") {
      if (index.imm + BigInt(size) > BigInt(bytes)) {
        refuse(
          low,
          "out-of-range",
          argument(c, 1),
          `${size} bytes at ${index.imm} are outside ${bytes} bytes`,
        );
        return plain(b.constant(0n, size === 8 ? 64 : 32));
      }
      return plain(readWord(low, bytePlace(place, Number(index.imm)), size));
    }
    if (isDirect(place.space))
      guard(low, b.compare("ule", index, b.constant(BigInt(bytes - size))), argument(c, 1));
    const base = b.binary("add", addressOf(low, place), index);
    if (place.space === "packet") checkPacket(low, base, size, argument(c, 1));
    if (place.space === "stack" && place.slot === undefined) b.fn.indexes = true;
    return plain(
      readWord(
        low,
        { ...place, type: uint8, base, slot: undefined, offset: 0, core: undefined, align: 1 },
        size,
      ),
    );
  };

const words: Readonly<Record<Size, Type>> = { 1: uint8, 2: uint16, 4: uint32, 8: uint64 };

function readWord(low: Low, place: Place, size: Size): Value {
  if (isDirect(place.space)) return loadWord(low, place, size);
  const hold = temporary(low, words[size]);
  probeRead(low, addressOf(low, hold), size, addressOf(low, place), place.space);
  const value = loadWord(low, hold, size);
  release(low, hold);
  return value;
}

const read =
  (space: "kernel" | "user", sized: boolean, helper: number): Lowering =>
  (c) => {
    const { low } = c;
    const to = destination(c);
    const capacity = BigInt(sizeOf(targetAt(c, 0)));
    const size = sized ? clamp(low, wideAt(c, 1), capacity) : low.b.constant(capacity);
    const from = source(c, sized ? 2 : 1, space);
    low.b.at = c.expr;
    return plain(low.b.call(helper, [to, size, from]));
  };

const hasPrefix: Lowering = (c) => {
  const { low } = c;
  const text = low.shared.checked.constants.get(argument(c, 1).id);
  const prefix = typeof text === "string" ? text : "";
  let place = pointerPlace(c, 0);
  if (c.expr.arguments.length > 2) {
    const index = wideAt(c, 2);
    const bytes = BigInt(sizeOf(place.type));
    if (index.op === "const") place = bytePlace(place, Number(index.imm));
    else {
      guard(low, low.b.compare("ule", index, low.b.constant(bytes - BigInt(prefix.length))), argument(c, 2));
      const base = low.b.binary("add", addressOf(low, place), index);
      if (place.space === "packet") checkPacket(low, base, prefix.length, argument(c, 2));
      if (place.space === "stack" && place.slot === undefined) low.b.fn.indexes = true;
      place = {
        ...place,
        type: uint8,
        base,
        slot: undefined,
        offset: 0,
        core: undefined,
        align: 1,
      };
    }
  }
  low.b.at = c.expr;
  if (!isDirect(place.space)) {
    const hold = temporary(low, { kind: "array", element: uint8, length: prefix.length });
    copy(low, hold, place, c.expr);
    place = hold;
  }
  return plain(equalBytes(low, place, prefix, prefix.length));
};

const loop: Lowering = (c) => {
  const { low } = c;
  const { b } = low;
  const count = wideAt(c, 0);
  const body = argument(c, 1);
  const given = c.expr.arguments.length > 2 ? scalarAt(c, 2) : undefined;
  // The kernel hands on pointers to the stack only; another goes through a word there, as do values that may leave the stack.
  const boxed = given !== undefined && (given.space !== "stack" || sizeOf(targetAt(c, 2)) > 64);
  let state = given?.value;
  if (boxed && given !== undefined) {
    const box = b.slot(8, "state", true);
    b.store(b.slotAddress(box), 0, 8, given.value);
    state = b.slotAddress(box);
  }
  const { code, environment } = low.callback(low, body, loopShape(boxed));
  b.at = c.expr;
  const run = (): Value =>
    b.call(HelperFunction.loop, [
      count,
      b.functionAddress(code),
      state ?? environment ?? b.constant(0n),
      b.constant(0n),
    ]);
  if (count.op === "const" && count.imm !== 0n) return plain(run());
  // A count that the verifier knows to be 0 makes the body dead code, which it takes out and then misses (6.18).
  return plain(choose(low, b.compare("ne", count, b.constant(0n)), 64, run, () => b.constant(0n)));
};

const swapped =
  (bits: 16 | 32 | 64): Lowering =>
  (c) => {
    const value = scalarAt(c, 0).value;
    return plain(c.low.b.unary("swap", value, value.width, bits));
  };

const extreme =
  (operator: "<" | ">"): Lowering =>
  (c) => {
    const { low } = c;
    const type = typeOf(low, c.expr);
    const a = scalarAt(c, 0).value;
    const d = scalarAt(c, 1).value;
    return plain(
      choose(
        low,
        compareValues(low, operator, a, d, type),
        a.width,
        () => a,
        () => d,
      ),
    );
  };

const published =
  (helper: number): Lowering =>
  (c) => {
    const { low } = c;
    const first = bare(argument(c, 0));
    const inner = first.kind === "unary" ? bare(first.operand) : first;
    const map = low.shared.checked.symbols.get(inner.id);
    if (map?.kind !== "map") throw new Error("the map is checked before");
    const key = operandAddress(low, argument(c, 1), map.type.key);
    if (helper === HelperFunction.map_delete_elem)
      return plain(low.b.call(helper, [low.b.mapAddress(map), key.address]));
    const value = operandAddress(low, argument(c, 2), map.type.value);
    const flags = c.expr.arguments.length > 3 ? wideAt(c, 3) : low.b.constant(0n);
    return plain(low.b.call(helper, [low.b.mapAddress(map), key.address, value.address, flags]));
  };

/** mapLookup copies the value out: 0 when it was there, -1 (as the kernel's ENOENT would be negative) when not. */
const mapLookup: Lowering = (c) => {
  const { low } = c;
  const { b } = low;
  const first = bare(argument(c, 0));
  const inner = first.kind === "unary" ? bare(first.operand) : first;
  const map = low.shared.checked.symbols.get(inner.id);
  if (map?.kind !== "map") throw new Error("the map is checked before");
  const key = operandAddress(low, argument(c, 1), map.type.key);
  const to = pointerPlace(c, 2);
  const found = b.call(HelperFunction.map_lookup_elem, [b.mapAddress(map), key.address]);
  found.nilable = true;
  const missing = b.constant(-1n, 32);
  return plain(
    choose(
      low,
      b.compare("ne", found, b.constant(0n)),
      32,
      () => {
        copy(low, to, pointee({ value: found, space: "map" }, map.type.value), c.expr);
        return b.constant(0n, 32);
      },
      () => missing,
    ),
  );
};

/** reserveAs: a ring buffer carries records of several types, so each reservation says its own. */
const reserveAs: Lowering = (c) => {
  const first = bare(argument(c, 0));
  const inner = first.kind === "unary" ? bare(first.operand) : first;
  const map = c.low.shared.checked.symbols.get(inner.id);
  if (map?.kind !== "map") throw new Error("the map is checked before");
  return reserveRecord(c.low, map, c.types[0] ?? uint8, c.expr);
};

/** reserveText leaves old bytes behind the ends of texts, which clearing a long text would cost more than reading it. */
const reserveText: Lowering = (c) => {
  const record = reserveAs(c);
  record.value.textual = true;
  return record;
};

const copyPointers: Lowering = (c) => {
  const from = pointerPlace(c, 1);
  const to = pointerPlace(c, 0);
  c.low.b.at = c.expr;
  copy(c.low, to, from, c.expr);
  return plain(c.low.b.constant(0n));
};

const dataLoc: Lowering = (c) => {
  const { low } = c;
  const { b } = low;
  const to = destination(c);
  const context = scalarAt(c, 1).value;
  const at = b.binary("and", wideAt(c, 2), b.constant(0xffffn));
  const size = b.constant(BigInt(sizeOf(targetAt(c, 0))));
  b.at = c.expr;
  return plain(b.call(HelperFunction.probe_read_kernel_str, [to, size, b.binary("add", context, at)]));
};

/** lowerings, one for each row of types/builtins.ts that gives a scalar or nothing. */
const lowerings: Readonly<Record<string, Lowering>> = {
  PID: half(HelperFunction.get_current_pid_tgid, true),
  TID: half(HelperFunction.get_current_pid_tgid, false),
  UID: half(HelperFunction.get_current_uid_gid, false),
  GID: half(HelperFunction.get_current_uid_gid, true),
  PidTgid: word(HelperFunction.get_current_pid_tgid),
  CPU: narrow(HelperFunction.get_smp_processor_id),
  Random: narrow(HelperFunction.get_prandom_u32),
  KtimeNS: word(HelperFunction.ktime_get_ns),
  BootNS: word(HelperFunction.ktime_get_boot_ns),
  CgroupID: word(HelperFunction.get_current_cgroup_id),
  CurrentTask: (c) => ({ ...word(HelperFunction.get_current_task_btf)(c), space: "btf" }),
  TaskPtRegs: (c) => ({
    value: c.low.b.call(HelperFunction.task_pt_regs, [scalarAt(c, 0).value]),
    space: "btf",
  }),
  User: makePointer("user"),
  Kernel: makePointer("kernel"),
  Packet: packet,
  Addr: (c) => plain(addressNumber(c.low, scalarAt(c, 0))),
  Load8: loadAt(1),
  Load16: loadAt(2),
  Load32: loadAt(4),
  Load64: loadAt(8),
  ReadUser: read("user", false, HelperFunction.probe_read_user),
  ReadKernel: read("kernel", false, HelperFunction.probe_read_kernel),
  ReadUserN: read("user", true, HelperFunction.probe_read_user),
  ReadKernelN: read("kernel", true, HelperFunction.probe_read_kernel),
  ReadUserString: read("user", false, HelperFunction.probe_read_user_str),
  ReadKernelString: read("kernel", false, HelperFunction.probe_read_kernel_str),
  HasPrefix: hasPrefix,
  Loop: loop,
  Ntohs: swapped(16),
  Htons: swapped(16),
  Ntohl: swapped(32),
  Htonl: swapped(32),
  Ntohll: swapped(64),
  Htonll: swapped(64),
  Reserve: reserveAs,
  ReserveText: reserveText,
  Zero: (c) => {
    const place = pointerPlace(c, 0);
    if (!isDirect(place.space))
      refuse(c.low, "address-space", argument(c, 0), "only memory of the program itself can be cleared");
    else zero(c.low, place);
    return plain(c.low.b.constant(0n));
  },
  Copy: copyPointers,
  AtomicAdd: (c) => {
    const place = pointerPlace(c, 0);
    const amount = scalarAt(c, 1).value;
    if (!isDirect(place.space))
      refuse(c.low, "address-space", argument(c, 0), "only memory of the program itself can be added to");
    else c.low.b.atomicAdd(addressOf(c.low, place), 0, sizeOf(place.type) === 4 ? 4 : 8, amount);
    return plain(c.low.b.constant(0n));
  },
  AtomicExchange: (c) => {
    const place = pointerPlace(c, 0);
    const given = scalarAt(c, 1).value;
    if (!isDirect(place.space)) {
      refuse(c.low, "address-space", argument(c, 0), "only memory of the program itself can be exchanged");
      return plain(c.low.b.constant(0n));
    }
    return plain(c.low.b.atomicExchange(addressOf(c.low, place), 0, sizeOf(place.type) === 4 ? 4 : 8, given));
  },
  SizeOf: (c) => plain(c.low.b.constant(BigInt(sizeOf(c.types[0] ?? uint8)))),
  DataLoc: dataLoc,
  min: extreme("<"),
  max: extreme(">"),
  MapLookup: mapLookup,
  MapUpdate: published(HelperFunction.map_update_elem),
  MapDelete: published(HelperFunction.map_delete_elem),
  ...existenceLowerings,
  ...symbolLowerings,
  ...mapBuiltinLowerings,
  ...printLowerings,
  ...dynptrLowerings,
};

/** lowerBuiltin lowers a builtin that gives a scalar or nothing. */
export function lowerBuiltin(low: Low, name: string, types: readonly Type[], expr: CallExpr): Scalar {
  const lowering = lowerings[name];
  if (lowering === undefined) throw new Error(`the builtin ${name} has no lowering`);
  return lowering({ low, expr, types });
}

/** lowerBuiltinInto lowers a builtin that gives an aggregate. */
export function lowerBuiltinInto(low: Low, to: Place, name: string, expr: CallExpr): void {
  if (name === "Comm" && isDirect(to.space)) {
    low.b.call(HelperFunction.get_current_comm, [
      addressOf(low, to),
      low.b.constant(BigInt(sizeOf(to.type))),
    ]);
    return;
  }
  if (lowerText(low, to, name, expr)) return;
  if (isScalar(to.type)) storeScalar(low, to, lowerBuiltin(low, name, [], expr).value, expr);
  else refuse(low, "address-space", expr, "only memory of the program itself can be written");
}
