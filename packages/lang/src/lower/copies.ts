import type { Size } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import { specialParts } from "../types/special-types.js";
import { alignOf, sizeOf } from "../types/type.js";
import { addressOf, bytePlace, inlineLimit } from "./places.js";
import { baseOf, probeRead } from "./scalar-access.js";
import { isDirect, type Low, type Place, refuse } from "./state.js";

/** wordLimit: larger values are copied and cleared by a call of the kernel rather than word by word. */
const wordLimit = 512;

/** chunks splits a stretch of bytes into accesses that keep an alignment. */
function* chunks(
  size: number,
  align: number,
  skip: readonly { readonly at: number; readonly size: number }[] = [],
): Generator<{ at: number; size: Size }> {
  for (let at = 0; at < size; ) {
    const hole = skip.find((each) => at >= each.at && at < each.at + each.size);
    if (hole !== undefined) {
      at = hole.at + hole.size;
      continue;
    }
    const next = Math.min(size, ...skip.filter((each) => each.at > at).map((each) => each.at));
    const left = next - at;
    // Behind a part that is left out places are less aligned than the whole.
    const own = at === 0 ? align : Math.min(align, at & -at);
    const take: Size = own >= 8 && left >= 8 ? 8 : own >= 4 && left >= 4 ? 4 : own >= 2 && left >= 2 ? 2 : 1;
    yield { at, size: take };
    at += take;
  }
}

/** chunkAlign is the alignment that accesses to a place must keep: map values and packets have none to keep. */
const chunkAlign = (place: Place): number =>
  place.space === "stack"
    ? place.align
    : place.space === "context"
      ? Math.min(place.align, Math.max(1, alignOf(place.type)))
      : 8;

/** tooLarge refuses what would take too many instructions. */
function tooLarge(low: Low, size: number): boolean {
  if (size <= inlineLimit) return false;
  refuse(
    low,
    "too-large",
    low.b.at,
    `${size} bytes are too many to copy or clear at once`,
    "work on parts of it",
  );
  return true;
}

/** zero clears a place. */
export function zero(low: Low, place: Place): void {
  const { b } = low;
  const whole = place.slot !== undefined && place.offset === 0 && sizeOf(place.type) >= place.slot.bytes;
  const size = whole && place.slot !== undefined ? place.slot.size : sizeOf(place.type);
  if (tooLarge(low, size)) return;
  if (size > wordLimit && place.space !== "packet") {
    // A read that fails leaves zeros (bpf_probe_read_kernel_common, kernel/trace/bpf_trace.c), and at address 0 is nothing.
    probeRead(low, addressOf(low, place), size, b.constant(0n), "kernel");
    return;
  }
  const { base, offset } = baseOf(low, place);
  for (const chunk of chunks(
    size,
    chunkAlign(place),
    place.space === "map" ? specialParts(place.type) : [],
  )) {
    const nothing = b.constant(0n);
    b.store(
      base.op === "slot" && place.slot !== undefined
        ? b.slotAddress(place.slot, place.offset + chunk.at)
        : base,
      base.op === "slot" ? 0 : offset + chunk.at,
      chunk.size,
      nothing,
    );
  }
}

/** copy copies an aggregate. */
export function copy(low: Low, to: Place, from: Place, at: Range): void {
  const size = sizeOf(to.type);
  if (!isDirect(to.space)) {
    refuse(low, "address-space", at, "only memory of the program itself can be written");
    return;
  }
  if (!isDirect(from.space)) {
    probeRead(low, addressOf(low, to), size, addressOf(low, from), from.space);
    return;
  }
  const align = Math.min(chunkAlign(to), chunkAlign(from));
  if (tooLarge(low, size)) return;
  if (size > wordLimit && to.space !== "packet" && from.space !== "packet") {
    probeRead(low, addressOf(low, to), size, addressOf(low, from), "kernel");
    return;
  }
  // What only the kernel writes stays as it is in a map's value.
  const inMap = to.space === "map" || from.space === "map";
  for (const chunk of chunks(size, align, inMap ? specialParts(to.type) : [])) {
    const source = bytePlace(from, chunk.at);
    const target = bytePlace(to, chunk.at);
    const read = baseOf(low, source);
    const value = low.b.load(read.base, read.offset, chunk.size, false, chunk.size === 8 ? 64 : 32);
    const write = baseOf(low, target);
    low.b.store(write.base, write.offset, chunk.size, value);
  }
}
