import {
  displayName,
  type KernelSymbols,
  openModuleCache,
  openProcessSymbolizer,
  type ProcessSymbolizer,
  readKernelSymbols,
} from "@go3s/binary";
import type { BpfMap } from "@go3s/bpf";
import type { Shape } from "@go3s/lang";
import { type Frame, frameLines, hexadecimal } from "./frame-lines.js";
import { openProcessFiles } from "./process-files.js";

export type StackShape = Shape & { readonly kind: "kstack" | "ustack" };

/** Symbols names addresses and stacks. It owns files of processes. */
export interface Symbols {
  kernel(address: bigint): string;
  user(address: bigint, pid: number): string;
  kernelStack(id: number, shape: StackShape, indent: number): string;
  userStack(id: number, pid: number, shape: StackShape, indent: number): string;
  close(): void;
}

/** SymbolStyle is what a script's settings say of names. */
export interface SymbolStyle {
  readonly showDebugInfo: boolean;
  readonly cppDemangle: boolean;
}

/** openSymbols reads nothing until something is asked. `stacks` is the script's stack trace map. */
export function openSymbols(stacks: BpfMap | undefined, style: SymbolStyle): Symbols {
  let kernelTable: KernelSymbols | undefined | "unread" = "unread";
  const processes = new Map<number, ProcessSymbolizer | undefined>();
  const cache = openModuleCache();
  const files = openProcessFiles();

  const kernelAt = (address: bigint): { name: string; offset: number } | undefined => {
    if (kernelTable === "unread") {
      try {
        kernelTable = readKernelSymbols();
      } catch {
        // Hidden from this process (kptr_restrict): addresses are shown as they are.
        kernelTable = undefined;
      }
    }
    return kernelTable?.at(address);
  };

  const processOf = (pid: number): ProcessSymbolizer | undefined => {
    if (!processes.has(pid)) {
      let opened: ProcessSymbolizer | undefined;
      try {
        opened = openProcessSymbolizer(pid, cache);
      } catch {
        // The process has ended: its addresses are shown as they are.
      }
      processes.set(pid, opened);
    }
    return processes.get(pid);
  };

  const userAt = (address: bigint, pid: number): readonly Frame[] =>
    address >= 1n << 47n ? [] : (processOf(pid)?.frames(Number(address)) ?? []);

  const written = (
    addresses: readonly bigint[],
    shape: StackShape,
    indent: number,
    framesOf: (address: bigint, index: number) => readonly Frame[],
  ): string => {
    const look = { mode: shape.mode, indent, positions: style.showDebugInfo, demangles: style.cppDemangle };
    const lines = addresses
      .slice(0, shape.limit)
      .flatMap((address, i) => frameLines(address, shape.mode === "raw" ? [] : framesOf(address, i), look));
    return `\n${lines.map((line) => `${line}\n`).join("")}`;
  };

  /** ofProcess: the first address is an instruction's, the others are those that calls return to. */
  const ofProcess =
    (pid: number, shape: StackShape, first: bigint) =>
    (address: bigint, index: number): readonly Frame[] => {
      const asked = index === 0 ? address : address - 1n;
      const found = userAt(asked, pid);
      if (found.some(({ name }) => name !== "") || shape.from === undefined)
        return found.map((frame) =>
          frame.offset === undefined ? frame : { ...frame, offset: frame.offset + Number(address - asked) },
        );
      const frame = files.frame(asked, first, shape.from);
      return frame === undefined ? [] : [{ ...frame, offset: (frame.offset ?? 0) + Number(address - asked) }];
    };

  /** buildIds writes a stack by files: what they are called here does not matter then. */
  const buildIds = (addresses: readonly bigint[], pid: number, limit: number): string => {
    const lines = addresses.slice(0, limit).map((address) => {
      const [frame] = processOf(pid)?.frames(Number(address)) ?? [];
      const at =
        frame?.address === undefined
          ? undefined
          : files.location(`/proc/${pid}/root${frame.module}`, frame.address);
      return at === undefined ? address.toString(16) : `${at.buildId} 0x${at.offset.toString(16)}`;
    });
    return `\n${lines.map((line) => `${line}\n`).join("")}`;
  };

  return {
    kernel: (address) => kernelAt(address)?.name ?? hexadecimal(address),
    user(address, pid) {
      const name = userAt(address, pid).at(-1)?.name ?? "";
      if (name === "") return hexadecimal(address);
      return style.cppDemangle ? displayName(name) : name;
    },
    kernelStack(id, shape, indent) {
      const addresses = id < 0 ? undefined : stackOf(stacks, id);
      if (addresses === undefined) return "";
      return written(addresses, shape, indent, (address) => {
        const found = kernelAt(address);
        return found === undefined ? [] : [found];
      });
    },
    userStack(id, pid, shape, indent) {
      const addresses = id < 0 ? undefined : stackOf(stacks, id);
      if (addresses === undefined) return "";
      if (shape.mode === "build_id") return buildIds(addresses, pid, shape.limit);
      return written(addresses, shape, indent, ofProcess(pid, shape, addresses[0] ?? 0n));
    },
    close() {
      for (const each of processes.values()) each?.close();
      files.close();
      cache.close();
    },
  };
}

/** stackOf reads a stack; its number is below 8192, and above that may stand how deep it is. */
function stackOf(stacks: BpfMap | undefined, id: number): bigint[] | undefined {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, id & 0xffff, true);
  const value = stacks?.lookup(key);
  if (value === undefined) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const frames: bigint[] = [];
  for (let at = 0; at + 8 <= value.length; at += 8) {
    const address = view.getBigUint64(at, true);
    if (address === 0n) break;
    frames.push(address);
  }
  return frames;
}
