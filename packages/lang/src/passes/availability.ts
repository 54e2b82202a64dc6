import { HelperFunction } from "@go3s/bpf";
import type { IrFunction } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import { helperRefusal } from "../types/helper-kinds.js";

const names = new Map<bigint, string>(Object.entries(HelperFunction).map(([name, id]) => [BigInt(id), name]));

/** checkAvailability refuses calls of helpers that a kind of program does not have, in all code that it reaches. */
export function checkAvailability(program: IrFunction, kind: string, report: Reporter): void {
  const seen = new Set<IrFunction>();
  const work = [program];
  for (let fn = work.pop(); fn !== undefined; fn = work.pop()) {
    if (seen.has(fn)) continue;
    seen.add(fn);
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (value.func !== undefined) work.push(value.func);
        const name = value.op === "call" ? names.get(value.imm) : undefined;
        const why = name === undefined ? undefined : helperRefusal(name, kind);
        if (why !== undefined)
          report.error("wrong-helper", value.at, `a @${kind} program cannot call bpf_${name}`, why);
      }
    }
  }
}
