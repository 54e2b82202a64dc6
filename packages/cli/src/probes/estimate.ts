import { decodeInstructions, type ObjectSpec } from "@go3s/bpf";

// Measured on the project's own machine (docs/performance.md, and the table of hooks it stands on): a virtual machine, one program
// at a time, caches warm. What a reader wants to know is the order of magnitude before a probe runs; then the kernel counts.

/** Nanoseconds that a hook itself costs, by the first word of a section or of a script's probe. */
const hooks: Readonly<Record<string, number>> = {
  raw_tp: 28,
  tp_btf: 28,
  rawtracepoint: 28,
  tp: 41,
  tracepoint: 41,
  uprobe: 490,
  usdt: 490,
  uretprobe: 740,
};
const otherHook = 40;
const instructionNs = 0.5;

/** Nanoseconds of calls of kernel helpers, by their number in bpf.h; a hash update and delete together measured 125. */
const helpers: ReadonlyMap<number, number> = new Map([
  [1, 20],
  [2, 65],
  [3, 60],
  [4, 25],
  [45, 40],
  [112, 25],
  [113, 25],
  [114, 40],
  [115, 40],
  [27, 8_000],
  [67, 8_000],
  [25, 10_000],
  [130, 150],
  [131, 100],
  [132, 50],
]);
const otherHelper = 5;
const callOpcode = 0x85;

/** estimateNs is what one event costs about: the hook, and every instruction and call of the program once. */
export function estimateNs(object: ObjectSpec, program: string, place: string): number {
  const kind = /^[a-z_]+/.exec(place)?.[0] ?? "";
  const spec = object.programs.get(program);
  if (spec === undefined) return 0;
  const list = decodeInstructions(spec.code);
  const calls = list
    .filter(({ opcode, src }) => opcode === callOpcode && src === 0)
    .reduce((sum, { imm }) => sum + (helpers.get(imm) ?? otherHelper), 0);
  return Math.round((hooks[kind] ?? otherHook) + list.length * instructionNs + calls);
}
