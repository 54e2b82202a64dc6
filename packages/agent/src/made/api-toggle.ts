import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { loadBias } from "../runtime/load-bias.js";
import type { ApiSwitches } from "./made-sites.js";

/** ApiToggle turns on, in the processes that it is told, what OpenTelemetry's API for Go has for agents; off again when it is left. */
export interface ApiToggle {
  /** turnOn gives why it could not, "" when it is on. */
  turnOn(pid: number, switches: ApiSwitches): string;
  turnOff(pid: number): void;
  close(): void;
}

interface Turned {
  /** memory stays that process's, whoever gets its number later. */
  readonly memory: number;
  readonly addresses: readonly number[];
}

/** newApiToggle makes one that has turned nothing on. It writes one byte per switch into a process's memory, and nothing else. */
export function newApiToggle(): ApiToggle {
  const turned = new Map<number, Turned>();

  const turnOff = (pid: number): void => {
    const found = turned.get(pid);
    if (found === undefined) return;
    turned.delete(pid);
    try {
      for (const address of found.addresses) write(found.memory, address, 0);
    } catch {
      // The process is gone.
    }
    closeSync(found.memory);
  };

  return {
    turnOn(pid, { addresses, place }) {
      if (turned.has(pid)) return "";
      if (addresses.length === 0) return "the program has no symbols that tell where the API's switch is";
      let memory: number | undefined;
      try {
        const bias = loadBias(pid, place, statSync(`/proc/${pid}/exe`).ino);
        if (bias === undefined) return "the program is mapped nowhere";
        memory = openSync(`/proc/${pid}/mem`, "r+");
        const own = memory;
        const bools = addresses.map((address) => pointerAt(own, address + bias));
        // A bool that is neither is no bool: then these are not the switches.
        if (bools.some((bool) => bool === 0 || byteAt(own, bool) > 1))
          return "what stands at the API's switch is no switch";
        for (const bool of bools) write(own, bool, 1);
        turned.set(pid, { memory, addresses: bools });
        memory = undefined;
        return "";
      } catch (error) {
        return `its memory cannot be written: ${error instanceof Error ? error.message : error}`;
      } finally {
        if (memory !== undefined) closeSync(memory);
      }
    },
    turnOff,
    close() {
      for (const pid of [...turned.keys()]) turnOff(pid);
    },
  };
}

function write(memory: number, address: number, byte: 0 | 1): void {
  writeSync(memory, Uint8Array.of(byte), 0, 1, address);
}

function pointerAt(memory: number, address: number): number {
  const bytes = Buffer.alloc(8);
  readSync(memory, bytes, 0, 8, address);
  return Number(bytes.readBigUInt64LE());
}

function byteAt(memory: number, address: number): number {
  const bytes = Buffer.alloc(1);
  readSync(memory, bytes, 0, 1, address);
  return bytes[0] ?? 0;
}
