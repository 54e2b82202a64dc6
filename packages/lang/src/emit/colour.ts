import { liveOut } from "./liveness.js";
import {
  FRAME,
  firstVirtual,
  isCopy,
  type MachineFunction,
  type MachineInstruction,
  type Register,
  reads,
  writes,
} from "./machine.js";

/** Colouring is a register for each virtual one, or the ones that must go to the stack. */
export interface Colouring {
  readonly colours: ReadonlyMap<Register, Register>;
  readonly spilled: ReadonlySet<Register>;
}

/** machineRegisters in the order they are given out: those calls clobber first, the kept ones for what lives across calls. */
const machineRegisters: readonly Register[] = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];
const K = machineRegisters.length;

type Copy = MachineInstruction & { kind: "mov"; operand: { register: Register } };

function firstOf<T>(set: ReadonlySet<T>): T | undefined {
  if (set.size > 0) for (const each of set) return each;
  return undefined;
}

/**
 * colour allocates registers by iterated register coalescing (George and Appel, 1996): copies vanish where both sides
 * can share a register, and what does not fit is spilled by its weight of use. `short` live ranges come from spilling
 * and are spilled again last.
 */
export function colour(fn: MachineFunction, short: ReadonlySet<Register>): Colouring {
  // Registers are small numbers, so what is known of them stands in arrays.
  const neighbours: (Set<Register> | undefined)[] = new Array(fn.nextRegister).fill(undefined);
  const degree = new Uint32Array(fn.nextRegister);
  const copiesOf = new Map<Register, Set<Copy>>();
  const weight = new Float64Array(fn.nextRegister);
  const alias = new Int32Array(fn.nextRegister);
  const fixed = (register: Register): boolean => register < firstVirtual;
  const near = (register: Register): Set<Register> => {
    let found = neighbours[register];
    if (found === undefined) {
      found = new Set();
      neighbours[register] = found;
    }
    return found;
  };
  const addEdge = (a: Register, b: Register): void => {
    const ofA = near(a);
    if (a === b || ofA.has(b)) return;
    ofA.add(b);
    near(b).add(a);
    degree[a] = (degree[a] ?? 0) + 1;
    degree[b] = (degree[b] ?? 0) + 1;
  };
  const degreeOf = (register: Register): number =>
    fixed(register) ? Number.POSITIVE_INFINITY : (degree[register] ?? 0);

  // Build: what is live where something is written cannot share its register.
  const active = new Set<Copy>();
  const waiting = new Set<Copy>();
  const found: { readonly copy: Copy; readonly cost: number }[] = [];
  const virtual = new Set<Register>();
  const count = (register: Register, cost: number): void => {
    if (fixed(register)) return;
    virtual.add(register);
    weight[register] = (weight[register] ?? 0) + cost;
  };
  const ends = liveOut(fn);
  for (const block of fn.blocks) {
    const live = new Set(ends.get(block));
    const cost = 10 ** Math.min(block.depth, 4);
    for (let i = block.code.length - 1; i >= 0; i--) {
      const instruction = block.code[i];
      if (instruction === undefined) continue;
      const all = reads(instruction);
      const read = all.includes(FRAME) ? all.filter((register) => register !== FRAME) : all;
      const written = writes(instruction);
      for (const register of read) count(register, cost);
      for (const register of written) count(register, cost);
      if (
        isCopy(instruction) &&
        instruction.operand.register !== FRAME &&
        instruction.dst !== instruction.operand.register
      ) {
        // A 32-bit copy changes the value: its source may only share the register when it ends here.
        if (instruction.width === 64) live.delete(instruction.operand.register);
        for (const side of [instruction.dst, instruction.operand.register]) {
          const own = copiesOf.get(side) ?? new Set();
          own.add(instruction);
          copiesOf.set(side, own);
        }
        // Copies in loops first; those to fixed registers take away choices and come last.
        const pinned = fixed(instruction.dst) || fixed(instruction.operand.register);
        found.push({ copy: instruction, cost: pinned ? cost / 2 : cost });
      }
      for (const register of written) live.add(register);
      for (const register of written) for (const other of live) addEdge(register, other);
      for (const register of written) live.delete(register);
      for (const register of read) live.add(register);
    }
  }

  for (const { copy } of found.sort((a, b) => b.cost - a.cost)) waiting.add(copy);
  const coalesced = new Set<Register>();
  // Asked for every neighbour of every register: gone is what is removed or coalesced, merged the latter alone.
  const gone = new Uint8Array(fn.nextRegister);
  const merged = new Uint8Array(fn.nextRegister);
  const stack: Register[] = [];
  const simplify = new Set<Register>();
  const freeze = new Set<Register>();
  const heavy = new Set<Register>();
  const copies = (register: Register): Copy[] =>
    [...(copiesOf.get(register) ?? [])].filter((each) => active.has(each) || waiting.has(each));
  const hasCopies = (register: Register): boolean => {
    for (const each of copiesOf.get(register) ?? []) if (active.has(each) || waiting.has(each)) return true;
    return false;
  };
  const find = (register: Register): Register => {
    let at = register;
    while (merged[at] === 1) at = alias[at] ?? at;
    return at;
  };
  for (const register of virtual) {
    if (degreeOf(register) >= K) heavy.add(register);
    else if (hasCopies(register)) freeze.add(register);
    else simplify.add(register);
  }
  const enable = (register: Register): void => {
    for (const copy of copiesOf.get(register) ?? []) {
      if (active.delete(copy)) waiting.add(copy);
    }
  };
  const lower = (register: Register): void => {
    if (fixed(register)) return;
    const before = degree[register] ?? 0;
    degree[register] = before - 1;
    if (before !== K) return;
    enable(register);
    for (const other of near(register)) if (gone[other] === 0) enable(other);
    heavy.delete(register);
    if (hasCopies(register)) freeze.add(register);
    else simplify.add(register);
  };
  const relax = (register: Register): void => {
    if (fixed(register) || hasCopies(register) || degreeOf(register) >= K) return;
    freeze.delete(register);
    simplify.add(register);
  };
  const combine = (u: Register, v: Register): void => {
    freeze.delete(v);
    heavy.delete(v);
    coalesced.add(v);
    merged[v] = 1;
    gone[v] = 1;
    alias[v] = u;
    const own = copiesOf.get(u) ?? new Set();
    for (const copy of copiesOf.get(v) ?? []) own.add(copy);
    copiesOf.set(u, own);
    weight[u] = (weight[u] ?? 0) + (weight[v] ?? 0);
    enable(v);
    for (const other of near(v)) {
      if (gone[other] === 1) continue;
      addEdge(other, u);
      lower(other);
    }
    if (degreeOf(u) >= K && freeze.delete(u)) heavy.add(u);
  };
  /** George: each neighbour of v is harmless to u. */
  const isHarmless = (u: Register, v: Register): boolean => {
    for (const each of near(v))
      if (gone[each] === 0 && !fixed(each) && (degree[each] ?? 0) >= K && !near(each).has(u)) return false;
    return true;
  };
  /** Briggs: the merged node has fewer than K heavy neighbours. */
  const staysLight = (u: Register, v: Register): boolean => {
    let many = 0;
    const ofU = near(u);
    for (const each of ofU) if (gone[each] === 0 && degreeOf(each) >= K) many++;
    for (const each of near(v)) if (gone[each] === 0 && degreeOf(each) >= K && !ofU.has(each)) many++;
    return many < K;
  };
  const coalesce = (copy: Copy): void => {
    const x = find(copy.dst);
    const y = find(copy.operand.register);
    const [u, v] = fixed(y) ? [y, x] : [x, y];
    waiting.delete(copy);
    if (u === v) relax(u);
    else if (fixed(v) || near(u).has(v)) {
      relax(u);
      relax(v);
    } else if (fixed(u) ? isHarmless(u, v) : staysLight(u, v)) {
      combine(u, v);
      relax(u);
    } else active.add(copy);
  };
  const freezeCopies = (register: Register): void => {
    for (const copy of copies(register)) {
      const x = find(copy.dst);
      const y = find(copy.operand.register);
      const other = y === find(register) ? x : y;
      active.delete(copy);
      waiting.delete(copy);
      if (!fixed(other) && !hasCopies(other) && degreeOf(other) < K) {
        freeze.delete(other);
        simplify.add(other);
      }
    }
  };
  for (;;) {
    const easy = firstOf(simplify);
    const copy = easy === undefined ? firstOf(waiting) : undefined;
    const frozen = easy === undefined && copy === undefined ? firstOf(freeze) : undefined;
    if (easy !== undefined) {
      simplify.delete(easy);
      if (gone[easy] === 1) continue;
      stack.push(easy);
      gone[easy] = 1;
      for (const other of near(easy)) if (gone[other] === 0) lower(other);
    } else if (copy !== undefined) coalesce(copy);
    else if (frozen !== undefined) {
      freeze.delete(frozen);
      simplify.add(frozen);
      freezeCopies(frozen);
    } else if (heavy.size > 0) {
      let best: Register | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const register of heavy) {
        const cost = (short.has(register) ? 1e12 : 0) + (weight[register] ?? 0) / (degree[register] ?? 1);
        if (cost < least) {
          least = cost;
          best = register;
        }
      }
      if (best === undefined) break;
      heavy.delete(best);
      simplify.add(best);
      freezeCopies(best);
    } else break;
  }

  const colours = new Map<Register, Register>();
  const spilled = new Set<Register>();
  for (let register = stack.pop(); register !== undefined; register = stack.pop()) {
    const taken = new Set<Register>();
    for (const other of near(register)) {
      const root = find(other);
      const own = fixed(root) ? root : colours.get(root);
      if (own !== undefined) taken.add(own);
    }
    // A copy that is left vanishes when both sides happen to get one register.
    const wished = [...(copiesOf.get(register) ?? [])].flatMap((copy) =>
      [copy.dst, copy.operand.register].map((side) => {
        const root = find(side);
        return fixed(root) ? root : colours.get(root);
      }),
    );
    const free =
      wished.find((each) => each !== undefined && each !== FRAME && !taken.has(each)) ??
      machineRegisters.find((each) => !taken.has(each));
    if (free === undefined) spilled.add(register);
    else colours.set(register, free);
  }
  for (const register of coalesced) {
    const root = find(register);
    const own = fixed(root) ? root : colours.get(root);
    if (own !== undefined) colours.set(register, own);
  }
  return { colours, spilled };
}
