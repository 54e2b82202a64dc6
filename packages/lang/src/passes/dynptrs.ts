import { HelperFunction } from "@go3s/bpf";
import { postorder } from "../ir/dominators.js";
import { type Block, newValue, type Slot, successors, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

const RESERVE = BigInt(HelperFunction.ringbuf_reserve_dynptr);
const SUBMIT = BigInt(HelperFunction.ringbuf_submit_dynptr);
const DISCARD = BigInt(HelperFunction.ringbuf_discard_dynptr);

const slotAt = (value: Value, index: number): Slot | undefined => {
  const arg = value.args[index];
  return arg?.op === "slot" ? arg.slot : undefined;
};

/** checkDynptrs proves that what a dynptr reserved in a ring buffer is given back on every path, also when there was no room. */
export const checkDynptrs: Pass = {
  name: "check-dynptrs",
  needs: ["ssa"],
  gives: ["dynptrs-checked"],
  run(fn, report) {
    const reserved = fn.blocks.flatMap((block) =>
      block.values.filter((value) => value.op === "call" && value.imm === RESERVE),
    );
    for (const reservation of reserved) {
      const slot = slotAt(reservation, 3);
      if (slot === undefined) continue;
      const after = (block: Block, held: boolean): boolean =>
        block.values.reduce((state, value) => {
          if (value === reservation) return true;
          const gives = value.op === "call" && (value.imm === SUBMIT || value.imm === DISCARD);
          return gives && slotAt(value, 0) === slot ? false : state;
        }, held);
      const entering = new Map<Block, boolean>();
      const order = postorder(fn).reverse();
      for (let changed = true; changed; ) {
        changed = false;
        for (const block of order) {
          if (!after(block, entering.get(block) ?? false)) continue;
          for (const to of successors(block)) {
            if (entering.get(to) === true) continue;
            entering.set(to, true);
            changed = true;
          }
        }
      }
      for (const block of order) {
        const { end } = block;
        if (!after(block, entering.get(block) ?? false)) continue;
        if (end?.kind === "trap") {
          const address = newValue(fn, block, "slot", 64, [], end.at);
          address.slot = slot;
          const flags = newValue(fn, block, "const", 64, [], end.at);
          const call = newValue(fn, block, "call", 64, [address, flags], end.at);
          call.imm = DISCARD;
          block.values.push(address, flags, call);
        } else if (end?.kind === "return")
          report.error(
            "reservation-lost",
            reservation.at,
            "this reservation is not given back on every path",
            "bpf.DynptrSubmit or bpf.DynptrDiscard before each return, also when it failed",
            [{ ...end.at, message: "it is still held here" }],
          );
      }
    }
  },
};
