import { HelperFunction } from "@go3s/bpf";
import type { IrFunction } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import { lazily } from "../source/lazy.js";
import { helperRefusal } from "../types/helper-kinds.js";

const names = lazily(
  () => new Map(Object.entries(HelperFunction).map(([name, id]) => [BigInt(id), name] as const)),
);

/** sleeping helpers may wait for memory of a process. Source: might_sleep of struct bpf_func_proto. */
const sleeping: ReadonlySet<string> = new Set([
  "copy_from_user",
  "copy_from_user_task",
  "ima_file_hash",
  "ima_inode_hash",
]);

/** refusalOf says why a program may not call a helper. */
function refusalOf(helper: string, kind: string, section: string): string | undefined {
  const maySleep = /^[^/]*\.s(\/|$)/.test(section) || kind === "syscall";
  if (sleeping.has(helper) && !maySleep)
    return "it may sleep: put // @sleepable above the program, or use ReadUser";
  return helperRefusal(helper, kind);
}

/** checkAvailability refuses calls of helpers that a kind of program does not have, in all code that it reaches. */
export function checkAvailability(
  program: IrFunction,
  kind: string,
  section: string,
  report: Reporter,
): void {
  const seen = new Set<IrFunction>();
  const work = [program];
  for (let fn = work.pop(); fn !== undefined; fn = work.pop()) {
    if (seen.has(fn)) continue;
    seen.add(fn);
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (value.func !== undefined) work.push(value.func);
        const name = value.op === "call" ? names().get(value.imm) : undefined;
        const why = name === undefined ? undefined : refusalOf(name, kind, section);
        if (why !== undefined)
          report.error("wrong-helper", value.at, `a @${kind} program cannot call bpf_${name}`, why);
      }
    }
  }
}
