import { statSync } from "node:fs";
import { BinaryError, type GoBinary, openGoBinary } from "@go3s/binary";
import { type GoLayout, goLayoutOf } from "../runtime/go-layout.js";
import type { Frame } from "./allocation-profile.js";

/** AllocationProgram is a Go executable whose processes are observed. It owns the open file. */
export interface AllocationProgram {
  readonly layout: GoLayout;
  readonly inode: number;
  /** sites are file offsets by program of probes/allocations. */
  readonly sites: readonly (readonly [program: "onRefill" | "onLarge", offset: number])[];
  /** frames gives a stack's places, without the allocator's own; addresses as in the file. */
  frames(addresses: readonly number[]): readonly Frame[];
  close(): void;
}

const symbols = [
  ["onRefill", "runtime.(*mcache).refill"],
  ["onLarge", "runtime.(*mcache).allocLarge"],
] as const;

// What stands between a probe and the program's own line; newobject, makeslice and the like say what is made.
const allocator = /^runtime\.(?:\(\*mcache\)\.|mallocgc|nextFreeFast|postMallocgc)/;
const unknown: Frame = { name: "unknown", file: "", line: 0 };

/** openAllocationProgram reads an executable; a text says why its allocations cannot be told. */
export function openAllocationProgram(path: string): AllocationProgram | string {
  let binary: GoBinary | undefined;
  try {
    const inode = statSync(path, { throwIfNoEntry: false })?.ino;
    if (inode === undefined) return "the process has ended";
    const opened = openGoBinary(path);
    binary = opened;
    const layout = goLayoutOf(opened);
    const sites = symbols.map(([program, symbol]) => {
      const fn = opened.functions.find(symbol);
      if (fn === undefined) throw new BinaryError("not-go", `the program has no ${symbol}`);
      return [program, opened.probeAddress(fn).fileOffset] as const;
    });
    const known = new Map<number, Frame>();
    const frameAt = (address: number): Frame => {
      let frame = known.get(address);
      if (frame === undefined) {
        const found = opened.functions.symbolise(address);
        frame =
          found === undefined
            ? unknown
            : { name: found.function.name, file: found.file ?? "", line: found.line ?? 0 };
        known.set(address, frame);
      }
      return frame;
    };
    return {
      layout,
      inode,
      sites,
      frames(addresses) {
        // All but the first are where a call returns to, which may be the next line.
        const all = addresses.map((address, i) => frameAt(i === 0 ? address : address - 1));
        const first = all.findIndex(({ name }) => !allocator.test(name));
        return first < 0 ? all : all.slice(first);
      },
      close: () => opened.close(),
    };
  } catch (error) {
    binary?.close();
    if (!(error instanceof BinaryError)) throw error;
    return error.message;
  }
}
