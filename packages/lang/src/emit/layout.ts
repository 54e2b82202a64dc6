import type { MachineBlock, MachineFunction, MachineInstruction } from "./machine.js";

/** through follows blocks that only jump on. */
function through(block: MachineBlock): MachineBlock {
  let at = block;
  for (let steps = 0; steps < 1000; steps++) {
    const [first] = at.code;
    if (first?.kind !== "jump") break;
    at = first.to;
  }
  return at;
}

type JumpIf = MachineInstruction & { kind: "jump-if" };

/** targetsOf lists where a block goes, the way taken without a jump last. */
function targetsOf(block: MachineBlock): MachineBlock[] {
  return block.code.flatMap((each) => (each.kind === "jump" || each.kind === "jump-if" ? [each.to] : []));
}

const opposites: Readonly<Record<string, JumpIf["condition"]>> = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  le: "gt",
  gt: "le",
  ge: "lt",
  slt: "sge",
  sle: "sgt",
  sgt: "sle",
  sge: "slt",
};

/** invert turns a conditional jump and the jump behind it round, where the instruction set has the other condition. */
function invert(block: MachineBlock, hasLess: boolean): boolean {
  const test = block.code.at(-2);
  const otherwise = block.code.at(-1);
  if (test?.kind !== "jump-if" || otherwise?.kind !== "jump") return false;
  const opposite = opposites[test.condition];
  if (opposite === undefined || (!hasLess && /^s?l/.test(opposite))) return false;
  const { to } = test;
  test.condition = opposite;
  test.to = otherwise.to;
  otherwise.to = to;
  return true;
}

/** postorder numbers the blocks that are reached; a jump to a number not lower than one's own goes back. */
function postorder(entry: MachineBlock): Map<MachineBlock, number> {
  const numbers = new Map<MachineBlock, number>();
  const seen = new Set<MachineBlock>([entry]);
  const stack: { readonly block: MachineBlock; readonly to: MachineBlock[] }[] = [
    { block: entry, to: targetsOf(entry) },
  ];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.to.pop();
    if (next === undefined) {
      numbers.set(top.block, numbers.size);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ block: next, to: targetsOf(next) });
    }
  }
  return numbers;
}

/** testLimit is how much code in front of a loop's test is copied to the loop's end. */
const testLimit = 2;

/** rotate copies a loop's test to where the loop goes back, so that a round has one jump and not two. */
function rotate(blocks: readonly MachineBlock[], numbers: ReadonlyMap<MachineBlock, number>): void {
  for (const block of blocks) {
    const back = block.code.at(-1);
    if (back?.kind !== "jump" || block.code.at(-2)?.kind === "jump-if" || back.to === block) continue;
    const head = back.to;
    if ((numbers.get(head) ?? 0) < (numbers.get(block) ?? 0)) continue;
    const test = head.code.at(-2);
    if (test?.kind !== "jump-if" || head.code.length > testLimit + 2) continue;
    if (head.code.slice(0, -2).some((each) => each.kind !== "mov" && each.kind !== "alu")) continue;
    block.code.pop();
    block.code.push(...head.code.map((each) => copyOf(each)));
    block.successors = [...head.successors];
  }
}

/** copyOf copies an instruction with what later steps change in it. */
function copyOf(instruction: MachineInstruction): MachineInstruction {
  const copy = { ...instruction };
  if ("operand" in copy) copy.operand = { ...copy.operand };
  return copy;
}

/**
 * order puts each block behind all that lead to it, but for ways back, and first the one that goes on from the block
 * before: most jumps then go where the code goes on anyway, and what ends the program comes once, at the end.
 */
function order(entry: MachineBlock, numbers: ReadonlyMap<MachineBlock, number>): MachineBlock[] {
  const waiting = new Map<MachineBlock, number>();
  const forward = (from: MachineBlock): MachineBlock[] =>
    targetsOf(from).filter((to) => (numbers.get(to) ?? 0) < (numbers.get(from) ?? 0));
  for (const block of numbers.keys())
    for (const to of forward(block)) waiting.set(to, (waiting.get(to) ?? 0) + 1);
  const placed: MachineBlock[] = [];
  const ready: MachineBlock[] = [entry];
  for (let block = ready.pop(); block !== undefined; block = ready.pop()) {
    placed.push(block);
    const free: MachineBlock[] = [];
    for (const to of forward(block)) {
      const left = (waiting.get(to) ?? 1) - 1;
      waiting.set(to, left);
      if (left === 0) free.push(to);
    }
    // The last one pushed comes next: inside of loops first, and what the branch falls into before what it jumps to.
    free.sort((a, b) => a.depth - b.depth);
    ready.push(...free);
  }
  return placed;
}

/** dropUseless drops a test that leads to one place either way. */
function dropUseless(block: MachineBlock): void {
  const test = block.code.at(-2);
  const last = block.code.at(-1);
  if (test?.kind === "jump-if" && last?.kind === "jump" && test.to === last.to) block.code.splice(-2, 1);
}

/** layOut orders the blocks so that few jumps are needed, and drops those to what follows anyway. */
export function layOut(fn: MachineFunction, hasLess: boolean): MachineBlock[] {
  const [first] = fn.blocks;
  if (first === undefined) return [];
  for (const block of fn.blocks) {
    for (const instruction of block.code)
      if (instruction.kind === "jump" || instruction.kind === "jump-if")
        instruction.to = through(instruction.to);
  }
  for (const block of fn.blocks) dropUseless(block);
  const numbers = postorder(first);
  rotate([...numbers.keys()], numbers);
  const blocks = order(first, postorder(first));
  blocks.forEach((block, i) => {
    const next = blocks[i + 1];
    const test = block.code.at(-2);
    const last = block.code.at(-1);
    if (last?.kind !== "jump") return;
    if (last.to === next) block.code.pop();
    else if (test?.kind === "jump-if" && test.to === next && invert(block, hasLess)) block.code.pop();
  });
  return blocks;
}
