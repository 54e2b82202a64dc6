import { HelperFunction } from "@go3s/bpf";
import { postorder } from "../ir/dominators.js";
import { type Block, type IrFunction, newValue, successors, type Value } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Pass } from "./pass.js";

const LOCK = BigInt(HelperFunction.spin_lock);
const UNLOCK = BigInt(HelperFunction.spin_unlock);

// What can be true at a point, as bits: several ways may meet there.
const FREE = 1;
const HELD = 2;

const isCall = (value: Value, helper: bigint): boolean => value.op === "call" && value.imm === helper;
const calls = (value: Value): boolean => value.op === "call" || value.op === "callk" || value.op === "callfn";

/** step is what one instruction does; with a reporter it tells what is wrong. */
function step(state: number, value: Value, report: Reporter | undefined): number {
  if (isCall(value, LOCK)) {
    if ((state & HELD) !== 0)
      report?.error(
        "lock-held",
        value.at,
        "a lock is taken while one is held",
        "unlock it first: programs hold one at a time",
      );
    return HELD;
  }
  if (isCall(value, UNLOCK)) {
    if ((state & FREE) !== 0)
      report?.error("lock-held", value.at, "this lock is not held on every way here", "lock it before");
    return FREE;
  }
  if (calls(value) && (state & HELD) !== 0)
    report?.error(
      "lock-held",
      value.at,
      "nothing can be called while a lock is held: no helper, no map, no reading of other memory",
      "do it before Lock or behind Unlock",
    );
  return state;
}

/** unlockAt gives a lock back where an index out of range ends the program. */
function unlockAt(fn: IrFunction, block: Block, lock: Value): boolean {
  const [address] = lock.args;
  if (address === undefined) return false;
  const call = newValue(fn, block, "call", 64, [address], block.end?.at ?? lock.at);
  call.imm = UNLOCK;
  block.values.push(call);
  return true;
}

function analyse(fn: IrFunction, locks: readonly Value[], report: Reporter): void {
  const order = postorder(fn).reverse();
  const entering = new Map<Block, number>();
  const [entry] = order;
  if (entry !== undefined) entering.set(entry, FREE);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of order) {
      let state = entering.get(block) ?? 0;
      for (const value of block.values) state = step(state, value, undefined);
      for (const to of successors(block)) {
        const merged = (entering.get(to) ?? 0) | state;
        if (merged === entering.get(to)) continue;
        entering.set(to, merged);
        changed = true;
      }
    }
  }
  const [only] = locks;
  for (const block of order) {
    let state = entering.get(block) ?? 0;
    for (const value of block.values) state = step(state, value, report);
    const { end } = block;
    if ((state & HELD) === 0 || (end?.kind !== "return" && end?.kind !== "trap")) continue;
    const given = end.kind === "trap" && state === HELD && locks.length === 1 && only !== undefined;
    if (given && unlockAt(fn, block, only)) continue;
    report.error("lock-held", end.at, "a lock is still held here", "unlock it on every way out", [
      { ...(only?.at ?? end.at), message: "locked here" },
    ]);
  }
}

/** checkLocks proves that spin locks are given back on every path, and that nothing is called in between. */
export const checkLocks: Pass = {
  name: "check-locks",
  needs: ["ssa"],
  gives: ["locks-checked"],
  run(fn, report) {
    const locks: Value[] = [];
    let uses = false;
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (isCall(value, LOCK)) locks.push(value);
        uses ||= isCall(value, LOCK) || isCall(value, UNLOCK);
      }
    }
    if (uses) analyse(fn, locks, report);
  },
};
