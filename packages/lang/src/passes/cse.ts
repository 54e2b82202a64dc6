import { HelperFunction } from "@go3s/bpf";
import { dominators } from "../ir/dominators.js";
import { type Block, type IrFunction, opRows, replaceAll, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** steady helpers give the same all through one run of a program. */
const steady: ReadonlySet<bigint> = new Set(
  [
    HelperFunction.get_current_pid_tgid,
    HelperFunction.get_current_uid_gid,
    HelperFunction.get_current_task_btf,
    HelperFunction.get_current_cgroup_id,
    HelperFunction.get_smp_processor_id,
  ].map(BigInt),
);

/** isSteady tells whether a call may be merged with an equal one, or dropped when unused. */
export function isSteady(value: Value): boolean {
  return value.op === "call" && steady.has(value.imm) && value.args.length === 0;
}

/** contextIsWritten: reads of the context are only merged in programs that do not write it. */
function contextIsWritten(fn: IrFunction): boolean {
  return fn.blocks.some((block) =>
    block.values.some((value) => value.op === "store" && value.args[0]?.op === "param"),
  );
}

function keyOf(value: Value, contextReads: boolean): string | undefined {
  const { op } = value;
  if (op === "load") {
    const [base] = value.args;
    const constant =
      base?.op === "global" && base.global?.kind === "global" && base.global.section === ".rodata";
    if (!constant && !(contextReads && base?.op === "param")) return undefined;
  } else if (op === "call") {
    if (!isSteady(value)) return undefined;
  } else if (!opRows[op].pure || op === "phi") return undefined;
  const refs = [
    value.slot?.id,
    value.map?.name,
    value.func?.name,
    value.core === undefined ? undefined : value.id,
  ];
  const global =
    value.global === undefined ? "" : value.global.kind === "text" ? `t${value.id}` : value.global.name;
  const args = value.args.map((arg) => arg.id);
  if (opRows[op].commutes) args.sort((a, b) => a - b);
  return [
    op,
    value.width,
    value.imm,
    value.size,
    value.signed,
    value.condition,
    global,
    ...refs,
    ...args,
  ].join(" ");
}

/** mergeEqual gives equal values one computation, where the first dominates the second. */
export const mergeEqual: Pass = {
  name: "merge-equal",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    const tree = dominators(fn);
    const children = new Map<Block, Block[]>();
    for (const [block, up] of tree) if (block !== up) children.set(up, [...(children.get(up) ?? []), block]);
    const contextReads = !contextIsWritten(fn);
    const mapping = new Map<Value, Value>();
    const final = (value: Value): Value => {
      let at = value;
      for (let next = mapping.get(at); next !== undefined; next = mapping.get(at)) at = next;
      return at;
    };
    const [entry] = fn.blocks;
    if (entry === undefined) return;
    const stack: { block: Block; known: Map<string, Value> }[] = [{ block: entry, known: new Map() }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { block } = top;
      const known = new Map(top.known);
      for (const value of block.values) {
        value.args = value.args.map(final);
        const key = keyOf(value, contextReads);
        if (key === undefined) continue;
        const first = known.get(key);
        if (first === undefined) known.set(key, value);
        else mapping.set(value, first);
      }
      for (const child of children.get(block) ?? []) stack.push({ block: child, known });
    }
    replaceAll(fn, mapping);
    for (const block of fn.blocks) block.values = block.values.filter((value) => !mapping.has(value));
  },
};
