import {
  type KernelSymbols,
  openModuleCache,
  openProcessSymbolizer,
  type ProcessSymbolizer,
  readKernelSymbols,
} from "@go3s/binary";
import type { BpfMap } from "@go3s/bpf";

/** Symbols names addresses and stacks. It owns files of processes. */
export interface Symbols {
  kernel(address: bigint): string;
  user(address: bigint, pid: number): string;
  kernelStack(id: number, limit: number, indent: number): string;
  userStack(id: number, pid: number, limit: number, indent: number): string;
  close(): void;
}

const hex = (address: bigint): string => `0x${address.toString(16)}`;

/** openSymbols reads nothing until something is asked. `stacks` is the script's stack trace map. */
export function openSymbols(stacks: BpfMap | undefined): Symbols {
  let kernelTable: KernelSymbols | undefined | "unread" = "unread";
  const processes = new Map<number, ProcessSymbolizer | undefined>();
  const cache = openModuleCache();

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

  const userAt = (address: bigint, pid: number): { name: string; offset: number } | undefined => {
    if (address >= 1n << 47n) return undefined;
    // Inlined functions come first; the last frame is the function that is there.
    const frame = processOf(pid)?.frames(Number(address)).at(-1);
    return frame === undefined || frame.name === ""
      ? undefined
      : { name: frame.name, offset: frame.offset ?? 0 };
  };

  const stack = (
    id: number,
    limit: number,
    indent: number,
    name: (address: bigint) => { name: string; offset: number } | undefined,
  ): string => {
    const frames = id < 0 ? undefined : stackOf(stacks, id);
    if (frames === undefined) return "";
    const lines = frames.slice(0, limit).map((address) => {
      const found = name(address);
      return `${" ".repeat(indent)}${found === undefined ? hex(address) : `${found.name}+${found.offset}`}\n`;
    });
    return `\n${lines.join("")}`;
  };

  return {
    kernel: (address) => kernelAt(address)?.name ?? hex(address),
    user: (address, pid) => userAt(address, pid)?.name ?? hex(address),
    kernelStack: (id, limit, indent) => stack(id, limit, indent, kernelAt),
    userStack: (id, pid, limit, indent) => stack(id, limit, indent, (address) => userAt(address, pid)),
    close() {
      for (const each of processes.values()) each?.close();
      cache.close();
    },
  };
}

function stackOf(stacks: BpfMap | undefined, id: number): bigint[] | undefined {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, id, true);
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
