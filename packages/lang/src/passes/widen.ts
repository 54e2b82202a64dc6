import { type IrFunction, newValue, opRows, type Slot, type Value } from "../ir/ir.js";
import { bytesRead, readsOnly, sizedHelper } from "./effects.js";
import type { Pass } from "./pass.js";
import { escapedRoots, isSlot, placeOf } from "./places.js";

/** WORD is the unit in which the verifier tracks the stack. */
const WORD = 8;

/** reach is how many bytes of a slot a call may touch, undefined when that is not known. */
function reach(call: Value, argument: number): number | undefined {
  const sized = sizedHelper(call);
  if (sized?.memory === argument) {
    const size = call.args[sized.size];
    return size?.op === "const" ? Number(size.imm) : undefined;
  }
  return readsOnly(call, argument) ? bytesRead(call, argument) : undefined;
}

/** narrowSlots finds slots of one word of which only the first bytes are used, and how many. */
function narrowSlots(fn: IrFunction): Map<Slot, number> {
  const hidden = escapedRoots(fn);
  const used = new Map<Slot, number>();
  const use = (slot: Slot, bytes: number | undefined): void => {
    used.set(slot, Math.max(used.get(slot) ?? 0, bytes ?? WORD));
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      value.args.forEach((arg, i) => {
        const place = placeOf(arg);
        if (place === undefined || !isSlot(place.root)) return;
        const slot = place.root;
        const accesses = (value.op === "load" || value.op === "store") && i === 0;
        const offset =
          place.offset === undefined ? undefined : place.offset + (accesses ? Number(value.imm) : 0);
        if (offset !== 0 || hidden.has(slot)) use(slot, undefined);
        else if (accesses) use(slot, value.size);
        else if (!opRows[value.op].pure) use(slot, reach(value, i));
      });
    }
  }
  return new Map([...used].filter(([slot, bytes]) => slot.size === WORD && bytes < WORD));
}

/**
 * widenStores writes the whole word where a key of fewer bytes is put on the stack: nothing reads the rest, and the
 * verifier, which takes words as old or new, forgets what was there before and follows fewer ways.
 */
export const widenStores: Pass = {
  name: "widen-stores",
  needs: ["no-traps", "folded"],
  gives: [],
  run(fn) {
    const slots = narrowSlots(fn);
    if (slots.size === 0) return;
    for (const block of fn.blocks) {
      for (const value of [...block.values]) {
        const [address, stored] = value.args;
        const root = value.op === "store" && address !== undefined ? placeOf(address)?.root : undefined;
        if (root === undefined || stored === undefined || !isSlot(root) || slots.get(root) !== value.size)
          continue;
        if (stored.op === "const") {
          const word = newValue(fn, block, "const", 64, [], value.at);
          word.imm = BigInt.asUintN(64, BigInt.asIntN(value.size * 8, stored.imm));
          block.values.splice(block.values.indexOf(value), 0, word);
          value.args = [...value.args.slice(0, 1), word];
        }
        value.size = WORD;
      }
    }
  },
};
