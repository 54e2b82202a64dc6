import { HelperFunction } from "@go3s/bpf";
import { dominators } from "../ir/dominators.js";
import {
  type Block,
  type CorePath,
  type CoreQuery,
  type IrFunction,
  opRows,
  replaceAll,
  type Value,
} from "../ir/ir.js";
import { moves } from "./packets.js";
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

/**
 * contextStays: reads of the context are only merged in programs that neither write it nor move the packet that it tells. A
 * parameter of any other function may point to memory that the function also reaches by another way.
 */
function contextStays(fn: IrFunction): boolean {
  if (fn.isProgram !== true) return false;
  return !fn.blocks.some((block) =>
    block.values.some((value) => (value.op === "store" && value.args[0]?.op === "param") || moves(value)),
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
  const [a, b] = value.args;
  const swap = a !== undefined && b !== undefined && a.id > b.id && opRows[op].commutes;
  const args = swap
    ? `${b.id},${a.id}`
    : value.args.length > 2
      ? value.args.map((arg) => arg.id).join()
      : `${a?.id},${b?.id}`;
  return `${op}${value.width} ${args} ${value.imm} ${value.condition ?? ""}${op === "load" ? value.size : ""}${refOf(value)}`;
}

function queryKey(query: CoreQuery): string {
  const { of } = query;
  if (of.kind === "enumerator") return `q${query.kind}${of.enumerator.type.enumOf}.${of.enumerator.name}`;
  if (of.kind === "type") return `q${query.kind}${of.type.kind === "int" ? of.type.enumOf : of.type.name}`;
  return `q${query.kind}${pathKey(of.path)}`;
}

function pathKey({ root, steps }: CorePath): string {
  return `${root.name}${steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step.name}`)).join("")}`;
}

/** refOf names what a value means outside of SSA. */
function refOf(value: Value): string {
  if (value.slot !== undefined) return `s${value.slot.id}`;
  if (value.global !== undefined)
    return value.global.kind === "text" ? `t${value.id}` : `g${value.global.name}`;
  if (value.map !== undefined) return `m${value.map.name}`;
  if (value.func !== undefined) return `f${value.func.name}`;
  if (value.extern !== undefined) return `e${value.extern.name}`;
  if (value.query !== undefined) return queryKey(value.query);
  if (value.core === undefined) return "";
  return `c${pathKey(value.core)}`;
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
    const contextReads = contextStays(fn);
    const mapping = new Map<Value, Value>();
    const final = (value: Value): Value => {
      let at = value;
      for (let next = mapping.get(at); next !== undefined; next = mapping.get(at)) at = next;
      return at;
    };
    const [entry] = fn.blocks;
    if (entry === undefined) return;
    // One table for the walk down the dominator tree: what a block adds is taken out again when the walk leaves it.
    const known = new Map<string, Value>();
    const stack: { block: Block; added: string[] | undefined }[] = [{ block: entry, added: undefined }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.added !== undefined) {
        for (const key of top.added) known.delete(key);
        stack.pop();
        continue;
      }
      top.added = [];
      for (const value of top.block.values) {
        for (let i = 0; i < value.args.length; i++) {
          const arg = value.args[i];
          if (arg !== undefined && mapping.has(arg)) value.args[i] = final(arg);
        }
        const key = keyOf(value, contextReads);
        if (key === undefined) continue;
        const first = known.get(key);
        if (first === undefined) {
          known.set(key, value);
          top.added.push(key);
        } else mapping.set(value, first);
      }
      for (const child of children.get(top.block) ?? []) stack.push({ block: child, added: undefined });
    }
    replaceAll(fn, mapping);
    if (mapping.size === 0) return;
    for (const block of fn.blocks) block.values = block.values.filter((value) => !mapping.has(value));
  },
};
