import { FRAME, type MachineBlock, type MachineFunction, type Register, reads, writes } from "./machine.js";

/** liveOut gives the registers each block's successors still need. */
export function liveOut(fn: MachineFunction): Map<MachineBlock, Set<Register>> {
  const uses = new Map<MachineBlock, Set<Register>>();
  const kills = new Map<MachineBlock, Set<Register>>();
  const out = new Map<MachineBlock, Set<Register>>();
  const live = new Map<MachineBlock, Set<Register>>();
  const predecessors = new Map<MachineBlock, MachineBlock[]>();
  for (const block of fn.blocks) {
    const used = new Set<Register>();
    const killed = new Set<Register>();
    for (const instruction of block.code) {
      for (const register of reads(instruction))
        if (register !== FRAME && !killed.has(register)) used.add(register);
      for (const register of writes(instruction)) killed.add(register);
    }
    uses.set(block, used);
    kills.set(block, killed);
    out.set(block, new Set());
    live.set(block, new Set(used));
    for (const next of block.successors) predecessors.set(next, [...(predecessors.get(next) ?? []), block]);
  }
  const work = [...fn.blocks];
  const waiting = new Set(work);
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    waiting.delete(block);
    const entering = live.get(block);
    for (const from of predecessors.get(block) ?? []) {
      const leaving = out.get(from);
      const before = live.get(from);
      const killed = kills.get(from);
      if (entering === undefined || leaving === undefined || before === undefined || killed === undefined)
        continue;
      let changed = false;
      for (const register of entering) {
        if (leaving.has(register)) continue;
        leaving.add(register);
        if (!killed.has(register)) {
          before.add(register);
          changed = true;
        }
      }
      if (changed && !waiting.has(from)) {
        waiting.add(from);
        work.push(from);
      }
    }
  }
  return out;
}
