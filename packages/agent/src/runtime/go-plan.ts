import { type MemoryRange, type ProcessMemory, processMemory } from "@go3s/bpf";
import type { GoLayout } from "./go-layout.js";
import type { GoGlobal, GoStruct } from "./wanted.js";

/** Figure reads one number out of a plan's memory. */
export type Figure = () => number;

/** GoPlan collects what is read of one process in one call. */
export interface GoPlan {
  /** at adds `length` bytes at an address and gives their place in `bytes`. */
  at(address: number, length: number): number;
  /** read reads it all; false when the process is gone. */
  read(): boolean;
  view(): DataView;
}

/** newGoPlan begins an empty plan. What is added after the first read takes part from the next one on. */
export function newGoPlan(pid: number): GoPlan {
  const ranges: MemoryRange[] = [];
  let size = 0;
  let memory: ProcessMemory | undefined;
  const open = (): ProcessMemory => {
    memory ??= processMemory(pid, ranges);
    return memory;
  };
  return {
    at(address, length) {
      ranges.push({ address, length });
      memory = undefined;
      const place = size;
      size += (length + 7) & ~7;
      return place;
    },
    read: () => ranges.length > 0 && open().read(),
    view: () => open().view,
  };
}

/** Kind is how a number lies in memory. */
export type Kind = "i32" | "u32" | "i64" | "u64";

/** numberAt reads a number; 64-bit ones lose what is beyond 2^53, which bytes and nanoseconds do not reach. */
export function numberAt(view: DataView, at: number, kind: Kind): number {
  switch (kind) {
    case "i32":
      return view.getInt32(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i64":
      return Number(view.getBigInt64(at, true));
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/** addressOfField gives where a member of a variable is in the process; undefined when either is unknown. */
export function addressOfField(
  layout: GoLayout,
  bias: number,
  global: GoGlobal,
  struct: GoStruct,
  path: string,
): number | undefined {
  const start = layout.globals.get(global);
  const offset = layout.field(struct, path);
  return start === undefined || offset === undefined ? undefined : start + bias + offset;
}

/** planned adds a member to a plan and gives its reader; undefined when it is unknown. */
export function planned(
  plan: GoPlan,
  layout: GoLayout,
  bias: number,
  [global, struct, path]: readonly [GoGlobal, GoStruct, string],
  kind: Kind,
): Figure | undefined {
  const address = addressOfField(layout, bias, global, struct, path);
  if (address === undefined) return undefined;
  const place = plan.at(address, kind === "i32" || kind === "u32" ? 4 : 8);
  return () => numberAt(plan.view(), place, kind);
}
