import { type Block, type IrFunction, newValue, type Terminator, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

function nextBlockId(fn: IrFunction): number {
  return fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
}

/** retarget changes where a terminator goes. */
export function retarget(end: Terminator, from: Block, to: Block): Terminator {
  if (end.kind === "jump") return end.to === from ? { ...end, to } : end;
  if (end.kind === "branch")
    return { ...end, yes: end.yes === from ? to : end.yes, no: end.no === from ? to : end.no };
  return end;
}

/** splitBehind cuts a block in two behind a value; the second half is returned and follows the first in the list. */
function splitBehind(fn: IrFunction, block: Block, value: Value): Block {
  const at = block.values.indexOf(value);
  const rest: Block = {
    id: nextBlockId(fn),
    values: block.values.slice(at + 1),
    predecessors: [],
    end: block.end,
  };
  block.values = block.values.slice(0, at + 1);
  for (const each of rest.values) each.block = rest;
  const targets =
    rest.end?.kind === "jump"
      ? [rest.end.to]
      : rest.end?.kind === "branch"
        ? [rest.end.yes, rest.end.no]
        : [];
  for (const next of new Set(targets))
    next.predecessors = next.predecessors.map((each) => (each === block ? rest : each));
  block.end = undefined;
  fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, rest);
  return rest;
}

/** expandCompares turns comparisons that are used as numbers into branches: BPF has no instruction that sets a register by a comparison. */
export const expandCompares: Pass = {
  name: "expand-compares",
  needs: ["no-traps"],
  gives: ["compares-expanded"],
  run(fn) {
    const asNumber = new Set<Value>();
    for (const block of fn.blocks)
      for (const value of block.values) for (const arg of value.args) if (arg.op === "cmp") asNumber.add(arg);
    for (const block of fn.blocks) {
      const { end } = block;
      if (end?.kind === "return" && end.value?.op === "cmp") asNumber.add(end.value);
    }
    for (const value of asNumber) {
      const { block } = value;
      const rest = splitBehind(fn, block, value);
      const id = nextBlockId(fn);
      const yes: Block = {
        id,
        values: [],
        predecessors: [block],
        end: { kind: "jump", to: rest, at: value.at },
      };
      const no: Block = {
        id: id + 1,
        values: [],
        predecessors: [block],
        end: { kind: "jump", to: rest, at: value.at },
      };
      fn.blocks.splice(fn.blocks.indexOf(rest), 0, yes, no);
      rest.predecessors = [yes, no];
      const constant = (at: Block, n: bigint): Value => {
        const made = newValue(fn, at, "const", 32, [], value.at);
        made.imm = n;
        at.values.push(made);
        return made;
      };
      const phi = newValue(fn, rest, "phi", 32, [constant(yes, 1n), constant(no, 0n)], value.at);
      phi.max = 1n;
      rest.values.unshift(phi);
      block.end = { kind: "branch", condition: value, yes, no, at: value.at };
      for (const each of fn.blocks) {
        for (const one of each.values)
          if (one !== phi) one.args = one.args.map((arg) => (arg === value ? phi : arg));
        if (each.end?.kind === "return" && each.end.value === value) each.end = { ...each.end, value: phi };
      }
    }
  },
};

/** splitEdges puts a block on every edge from a branch to a block with phis, so that their copies have a place of their own. */
export const splitEdges: Pass = {
  name: "split-edges",
  needs: ["compares-expanded"],
  gives: ["edges-split"],
  run(fn) {
    for (const block of [...fn.blocks]) {
      const { end } = block;
      if (end?.kind !== "branch") continue;
      for (const side of ["yes", "no"] as const) {
        const current = block.end;
        if (current?.kind !== "branch") continue;
        const to = current[side];
        if (to.values[0]?.op !== "phi") continue;
        const middle: Block = {
          id: nextBlockId(fn),
          values: [],
          predecessors: [block],
          end: { kind: "jump", to, at: current.at },
        };
        to.predecessors[to.predecessors.indexOf(block)] = middle;
        block.end = { ...current, [side]: middle };
        fn.blocks.splice(fn.blocks.indexOf(block) + 1, 0, middle);
      }
    }
  },
};
