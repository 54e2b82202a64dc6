import { HelperFunction } from "@go3s/bpf";
import type { Value } from "../ir/ir.js";
import { bare } from "../types/convert.js";
import { sizeOf, uint8 } from "../types/type.js";
import { argument, type Context, type Lowering, plain, scalarAt, targetAt, wideAt } from "./builtin.js";
import { refuse } from "./state.js";

/** address is a pointer to memory of the program. */
const address = (c: Context, index: number): Value => scalarAt(c, index).value;

/** kernelCall calls a function that kernels from 6.4 on have. */
function kernelCall(c: Context, name: string, args: (b: Context["low"]["b"]) => Value[]): Value {
  const { b, shared } = c.low;
  const fn = shared.checked.kfunc(name);
  const given = args(b);
  b.at = c.expr;
  if (fn !== undefined) return b.callKernel(fn, given);
  refuse(c.low, "no-kernel-type", c.expr, `this kernel has no function ${name}`, "kernel 6.4 has it");
  return b.constant(0n);
}

const fromPacket =
  (name: string): Lowering =>
  (c) => {
    const [context, to] = [address(c, 0), address(c, 1)];
    const code = kernelCall(c, name, (b) => [context, b.constant(0n), to]);
    const { b } = c.low;
    return plain(b.unary("sext", b.unary("trunc", code, 32), 64, 32));
  };

const give =
  (helper: number): Lowering =>
  (c) => {
    const { b } = c.low;
    const dynptr = address(c, 0);
    b.at = c.expr;
    b.call(helper, [dynptr, b.constant(0n)]);
    return plain(b.constant(0n));
  };

/** dynptrLowerings make, read, write and give back dynptrs. */
export const dynptrLowerings: Readonly<Record<string, Lowering>> = {
  DynptrFromMem: (c) => {
    const { b } = c.low;
    const from = scalarAt(c, 0);
    if (from.space !== "map" && from.space !== "data")
      refuse(
        c.low,
        "address-space",
        argument(c, 0),
        `a dynptr is made of a map's value, this is ${from.space} memory`,
        "keep it in a bpf.PerCPUArray[T](1)",
      );
    const size = b.constant(BigInt(sizeOf(targetAt(c, 0))));
    const to = address(c, 1);
    b.at = c.expr;
    return plain(b.call(HelperFunction.dynptr_from_mem, [from.value, size, b.constant(0n), to]));
  },
  DynptrFromSKB: fromPacket("bpf_dynptr_from_skb"),
  DynptrFromXDP: fromPacket("bpf_dynptr_from_xdp"),
  DynptrFromRingBuf: (c) => {
    const { b } = c.low;
    const expr = bare(argument(c, 0));
    const inner = expr.kind === "unary" ? bare(expr.operand) : expr;
    const map = c.low.shared.checked.symbols.get(inner.id);
    if (map?.kind !== "map") throw new Error("the map is checked before");
    const [size, to] = [wideAt(c, 1), address(c, 2)];
    b.at = c.expr;
    return plain(
      b.call(HelperFunction.ringbuf_reserve_dynptr, [b.mapAddress(map), size, b.constant(0n), to]),
    );
  },
  DynptrSubmit: give(HelperFunction.ringbuf_submit_dynptr),
  DynptrDiscard: give(HelperFunction.ringbuf_discard_dynptr),
  DynptrRead: (c) => {
    const { b } = c.low;
    const [to, from, offset] = [address(c, 0), address(c, 1), wideAt(c, 2)];
    const size = b.constant(BigInt(sizeOf(targetAt(c, 0))));
    b.at = c.expr;
    return plain(b.call(HelperFunction.dynptr_read, [to, size, from, offset, b.constant(0n)]));
  },
  DynptrWrite: (c) => {
    const { b } = c.low;
    const [to, offset, from] = [address(c, 0), wideAt(c, 1), address(c, 2)];
    const size = b.constant(BigInt(sizeOf(targetAt(c, 2))));
    b.at = c.expr;
    return plain(b.call(HelperFunction.dynptr_write, [to, offset, from, size, b.constant(0n)]));
  },
  DynptrData: (c) => {
    const { b } = c.low;
    const [from, offset] = [address(c, 0), wideAt(c, 1)];
    const size = b.constant(BigInt(sizeOf(c.types[0] ?? uint8)));
    b.at = c.expr;
    const value = b.call(HelperFunction.dynptr_data, [from, offset, size]);
    value.nilable = true;
    return { value, space: "map" };
  },
  DynptrSlice: (c) => {
    const [from, offset, buffer] = [address(c, 0), wideAt(c, 1), address(c, 2)];
    const size = BigInt(sizeOf(c.types[0] ?? uint8));
    const value = kernelCall(c, "bpf_dynptr_slice", (b) => [from, offset, buffer, b.constant(size)]);
    value.nilable = true;
    return { value, space: "map" };
  },
};
