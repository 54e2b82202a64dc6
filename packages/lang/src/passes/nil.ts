import { HelperFunction } from "@go3s/bpf";
import { dropTrivialPhis } from "../ir/builder.js";
import { postorder } from "../ir/dominators.js";
import type { Block, IrFunction, Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** mayBeNil finds pointers that can be nil: results of lookups, and phis of such. */
function mayBeNil(fn: IrFunction): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks) for (const value of block.values) if (value.nilable) found.add(value);
  if (found.size === 0) return found;
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (value.op === "phi" && !found.has(value) && value.args.some((arg) => found.has(arg))) {
          found.add(value);
          changed = true;
        }
      }
    }
  }
  return found;
}

/** nilFact is what taking an edge says of a pointer. */
export function nilFact(
  from: Block,
  to: Block,
): { readonly value: Value; readonly isNil: boolean } | undefined {
  const { end } = from;
  if (end?.kind !== "branch" || end.condition.op !== "cmp" || end.yes === end.no) return undefined;
  const [a, b] = end.condition.args;
  const { condition } = end.condition;
  if (a === undefined || b === undefined || (condition !== "eq" && condition !== "ne")) return undefined;
  const value = b.op === "const" && b.imm === 0n ? a : a.op === "const" && a.imm === 0n ? b : undefined;
  if (value === undefined) return undefined;
  return { value, isNil: (condition === "eq") === (end.yes === to) };
}

/** nilFacts gives, for each block, the pointers that are not nil at its start. */
function nilFacts(fn: IrFunction, candidates: ReadonlySet<Value>): Map<Block, Set<Value>> {
  const known = new Map<Block, Set<Value>>();
  const order = postorder(fn).reverse();
  for (const block of order) known.set(block, block === order[0] ? new Set() : new Set(candidates));
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of order) {
      if (block === order[0]) continue;
      const before = known.get(block) ?? new Set<Value>();
      const after = new Set<Value>();
      const ways = block.predecessors.map((from) => {
        const fact = nilFact(from, block);
        return { known: known.get(from), proven: fact === undefined || fact.isNil ? undefined : fact.value };
      });
      for (const value of before) {
        const isPhi = value.op === "phi" && value.block === block;
        const holds = ways.every((way, i) => {
          const arg = isPhi ? value.args[i] : value;
          if (arg === undefined) return false;
          if (arg === way.proven || way.known?.has(arg) === true) return true;
          return isPhi && !candidates.has(arg) && !(arg.op === "const" && arg.imm === 0n);
        });
        if (holds) after.add(value);
      }
      if (after.size !== before.size) {
        known.set(block, after);
        changed = true;
      }
    }
  }
  return known;
}

/** whyNil says when a pointer is nil, and how to check it. */
function whyNil(value: Value): { readonly why: string; readonly fix: string } {
  const fix = "compare it first: if p == nil { return 0 }";
  if (value.op === "call" && value.imm === BigInt(HelperFunction.map_lookup_elem))
    return { why: "the map may not have the key", fix };
  if (value.op === "call" && value.imm === BigInt(HelperFunction.ringbuf_reserve))
    return { why: "the ring buffer may be full", fix: "compare it first: if e == nil { return 0 }" };
  if (value.op === "callk") return { why: "the kernel may not have it", fix };
  if (value.op === "phi" && value.nilable)
    return {
      why: "the packet may be shorter",
      fix: "compare it first: p := bpf.Packet[T](ctx, n); if p == nil { return 0 }",
    };
  return { why: "nothing on some way here says that it is not", fix };
}

/** checkNil refuses uses of pointers that may be nil. */
export const checkNil: Pass = {
  name: "check-nil",
  needs: ["ssa"],
  gives: ["nil-checked"],
  run(fn, report) {
    dropTrivialPhis(fn);
    const candidates = mayBeNil(fn);
    if (candidates.size === 0) return;
    const facts = nilFacts(fn, candidates);
    const told = new Set<Value>();
    for (const block of fn.blocks) {
      const known = facts.get(block) ?? new Set<Value>();
      for (const value of block.values) {
        if (value.op === "phi" || value.op === "cmp") continue;
        for (const arg of value.args) {
          // One missing check is one mistake, however often the pointer is used.
          if (!candidates.has(arg) || known.has(arg) || told.has(arg)) continue;
          told.add(arg);
          const { why, fix } = whyNil(arg);
          const elsewhere = arg.at.start !== value.at.start && arg.op !== "phi";
          const from = elsewhere ? [{ ...arg.at, message: "it comes from here" }] : [];
          report.error("unchecked-nil", value.at, `this pointer may be nil here: ${why}`, fix, from);
        }
      }
    }
  },
};
