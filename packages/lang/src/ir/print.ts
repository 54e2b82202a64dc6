import { HelperFunction } from "@go3s/bpf";
import { lineAt, type Range, type SourceFile } from "../source/file.js";
import { lazily } from "../source/lazy.js";
import { type Block, type IrFunction, type IrModule, successors, type Terminator, type Value } from "./ir.js";

const helperNames = lazily(
  () => new Map(Object.entries(HelperFunction).map(([name, id]) => [BigInt(id), name] as const)),
);

function valueText(value: Value): string {
  const parts: string[] = [value.op];
  if (value.op === "call") parts.push(helperNames().get(value.imm) ?? `#${value.imm}`);
  if (value.condition !== undefined) parts[0] = `${value.op}.${value.condition}`;
  if (value.op === "load" || value.op === "store" || value.op === "atomic")
    parts[0] = `${value.op}${value.signed ? "s" : ""}${value.size * 8}`;
  for (const each of value.args) parts.push(`v${each.id}`);
  if (value.slot !== undefined) parts.push(`%${value.slot.name || "tmp"}.${value.slot.id}`);
  if (value.map !== undefined) parts.push(`map ${value.map.name}`);
  if (value.global !== undefined) parts.push(value.global.kind === "text" ? "text" : value.global.name);
  if (value.func !== undefined) parts.push(value.func.name);
  if (value.core !== undefined) {
    const steps = value.core.steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step.name}`));
    parts.push(`core ${value.core.root.name}${steps.join("")}+${value.core.offset}`);
  }
  if (value.kfunc !== undefined) parts.push(value.kfunc.name);
  if (value.extern !== undefined) parts.push(value.extern.name);
  if (value.query !== undefined) parts.push(`kind ${value.query.kind}`);
  const shown =
    value.op === "const" ||
    value.op === "param" ||
    value.op === "sext" ||
    (value.imm !== 0n && value.op !== "call");
  if (shown) parts.push(value.op === "const" ? String(value.imm) : `#${value.imm}`);
  if (value.nilable) parts.push("nilable");
  return `v${value.id}:${value.width} = ${parts.join(" ")}`;
}

function endText(end: Terminator | undefined): string {
  switch (end?.kind) {
    case "jump":
      return `jump b${end.to.id}`;
    case "branch":
      return `branch v${end.condition.id} b${end.yes.id} b${end.no.id}`;
    case "return":
      return end.value === undefined ? "return" : `return v${end.value.id}`;
    case "trap":
      return "trap";
    default:
      return "?";
  }
}

function blockText(block: Block, files: readonly SourceFile[]): string {
  const from = block.predecessors.map((each) => `b${each.id}`).join(" ");
  const lines = [`b${block.id}:${from === "" ? "" : ` ← ${from}`}`];
  let last: string | undefined;
  const source = (at: Range | undefined): void => {
    const text = at === undefined ? undefined : lineAt(files, at.start);
    if (text !== undefined && text !== last) lines.push(`  ; ${text}`);
    last = text ?? last;
  };
  for (const value of block.values) {
    if (value.op !== "const" && value.op !== "phi") source(value.at);
    lines.push(`  ${valueText(value)}`);
  }
  source(block.end?.at);
  lines.push(`  ${endText(block.end)}`);
  return lines.join("\n");
}

/** functionText writes a function's SSA for people, with the source lines it comes from when the files are given. */
export function functionText(fn: IrFunction, files: readonly SourceFile[] = []): string {
  return [`func ${fn.name}(${fn.parameters})`, ...fn.blocks.map((block) => blockText(block, files))].join(
    "\n",
  );
}

/** moduleText writes all SSA of a compilation. */
export function moduleText(module: IrModule, files: readonly SourceFile[] = []): string {
  return [...module.programs.map((program) => program.code), ...module.subprograms]
    .map((fn) => functionText(fn, files))
    .join("\n\n");
}

/** verifyFunction finds mistakes in SSA: our own bugs, never the user's. It lists what is wrong. */
export function verifyFunction(fn: IrFunction): string[] {
  const problems: string[] = [];
  const blocks = new Set(fn.blocks);
  const defined = new Map<Value, Block>();
  for (const block of fn.blocks) for (const value of block.values) defined.set(value, block);
  for (const block of fn.blocks) {
    if (block.end === undefined) problems.push(`b${block.id} has no end`);
    for (const next of successors(block)) {
      if (!blocks.has(next)) problems.push(`b${block.id} goes to a block that is gone`);
      const times = successors(block).filter((each) => each === next).length;
      const known = next.predecessors.filter((each) => each === block).length;
      if (times !== known) problems.push(`b${next.id} knows b${block.id} ${known} times, not ${times}`);
    }
    let phis = true;
    for (const value of block.values) {
      if (value.op === "phi") {
        if (!phis) problems.push(`v${value.id} is a phi behind other values`);
        if (value.args.length !== block.predecessors.length)
          problems.push(
            `v${value.id} has ${value.args.length} arguments for ${block.predecessors.length} predecessors`,
          );
      } else phis = false;
      if (value.block !== block) problems.push(`v${value.id} thinks it is in b${value.block.id}`);
      for (const each of value.args)
        if (!defined.has(each)) problems.push(`v${value.id} uses v${each.id}, which is gone`);
      const wide =
        value.op === "load" ||
        value.op === "store" ||
        value.op === "core" ||
        value.op === "zext" ||
        value.op === "sext";
      if (
        !wide &&
        value.op !== "cmp" &&
        value.op !== "phi" &&
        value.args.length === 2 &&
        value.args.some((each) => each.width !== value.width) &&
        value.op !== "call" &&
        value.op !== "callfn" &&
        value.op !== "callk" &&
        value.op !== "atomic"
      ) {
        problems.push(`v${value.id} = ${value.op} mixes widths`);
      }
      if (value.op === "cmp" && value.args[0]?.width !== value.args[1]?.width)
        problems.push(`v${value.id} compares different widths`);
    }
  }
  return problems;
}
