import assert from "node:assert/strict";
import { test } from "node:test";
import type { IrFunction, Slot } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import { newRandom } from "../testing/random.js";
import { FRAME, type MachineBlock, type MachineFunction, type MachineInstruction } from "./machine.js";
import { shareSpills } from "./spills.js";

const at: Range = { start: 0, end: 0 };
const source: IrFunction = {
  name: "f",
  at,
  blocks: [],
  slots: [],
  parameters: 0,
  hasResult: false,
  nextId: 0,
};

function slotOf(number: number): Slot {
  return {
    id: -1 - number,
    name: `spill${number}`,
    size: 8,
    bytes: 8,
    from: 0,
    to: Number.POSITIVE_INFINITY,
    pinned: true,
  };
}

const address = (slot: Slot) => ({ base: FRAME, offset: 0, slot, core: undefined });
const store = (slot: Slot): MachineInstruction => ({
  kind: "store",
  size: 8,
  address: address(slot),
  operand: { register: 6 },
  at,
});
const load = (slot: Slot): MachineInstruction => ({
  kind: "load",
  dst: 6,
  size: 8,
  signed: false,
  address: address(slot),
  at,
});
const block = (id: number, code: MachineInstruction[]): MachineBlock => ({
  id,
  depth: 0,
  code,
  successors: [],
});
const machine = (blocks: MachineBlock[], spills: Slot[]): MachineFunction => ({
  source,
  blocks,
  nextRegister: 16,
  spills,
});

function slotAt(instruction: MachineInstruction | undefined): Slot {
  assert.ok(instruction && "address" in instruction && instruction.address.slot);
  return instruction.address.slot;
}

test("registers that are needed one after the other share a slot, those needed at one time do not", () => {
  const [a, b, c] = [slotOf(0), slotOf(1), slotOf(2)];
  const only = block(0, [store(a), store(b), load(a), store(c), load(b), load(c)]);
  const fn = machine([only], [a, b, c]);
  shareSpills(fn);
  assert.deepEqual(fn.spills, [a, b]);
  assert.deepEqual(only.code.map(slotAt), [a, b, a, a, b, a]);
});

test("what a loop needs in its next round has its slot to itself", () => {
  const [a, b] = [slotOf(0), slotOf(1)];
  const before = block(0, [store(a)]);
  const round = block(1, [load(a), store(b), load(b)]);
  before.successors.push(round);
  round.successors.push(round);
  const fn = machine([before, round], [a, b]);
  shareSpills(fn);
  assert.equal(fn.spills.length, 2);
  assert.notEqual(slotAt(round.code[0]), slotAt(round.code[1]));
});

/** One spilled register, as the code was written, with what became of its instruction's slot. */
interface Step {
  readonly register: Slot;
  readonly isStore: boolean;
  readonly instruction: MachineInstruction;
}

test("on whatever way through 2,000 random functions, what is loaded is what was stored last", () => {
  let shared = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const below = newRandom(seed);
    const registers = Array.from({ length: 2 + below(8) }, (_, number) => slotOf(number));
    const steps = new Map<MachineBlock, Step[]>();
    const blocks = Array.from({ length: 1 + below(7) }, (_, id) => {
      const code = Array.from({ length: below(9) }, () => {
        const register = registers[below(registers.length)] ?? slotOf(0);
        const isStore = below(2) === 0;
        return { register, isStore, instruction: isStore ? store(register) : load(register) };
      });
      const made = block(
        id,
        code.map(({ instruction }) => instruction),
      );
      steps.set(made, code);
      return made;
    });
    for (const each of blocks)
      for (let i = below(3); i > 0; i--) each.successors.push(blocks[below(blocks.length)] ?? each);
    const fn = machine(blocks, [...registers]);
    shareSpills(fn);
    shared += registers.length - fn.spills.length;
    for (let way = 0; way < 20; way++) {
      const written = new Map<Slot, number>();
      const memory = new Map<Slot, number>();
      let here = blocks[0];
      for (let length = 0, value = 1; here !== undefined && length < 30; length++) {
        for (const { register, isStore, instruction } of steps.get(here) ?? []) {
          const place = slotAt(instruction);
          if (isStore) {
            written.set(register, value);
            memory.set(place, value++);
          } else if (written.has(register)) {
            assert.equal(memory.get(place), written.get(register), `seed ${seed}`);
          }
        }
        here = here.successors[below(here.successors.length || 1)];
      }
    }
  }
  // A test in which nothing is shared would show nothing.
  assert.ok(shared > 2000, `${shared}`);
});
