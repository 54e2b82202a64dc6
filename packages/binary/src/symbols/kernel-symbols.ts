import { readFileSync } from "node:fs";
import { text } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { collectSymbols, type Names, type SymbolAt } from "./symbol-map.js";

/** KernelSymbols answers which kernel function an address is in. */
export interface KernelSymbols {
  readonly count: number;
  readonly heldBytes: number;
  /** at takes the address as stack traces have it, all 64 bits: it does not fit a number. */
  at(address: bigint): SymbolAt | undefined;
}

const newline = 0x0a;
const space = 0x20;
const tab = 0x09;

/** Code symbols' type letters: global, local, and the two weak kinds. */
const codeTypes = new Set(["T", "t", "W", "w"].map((letter) => letter.charCodeAt(0)));
const globalTypes = new Set(["T", "W"].map((letter) => letter.charCodeAt(0)));

/** hexAt reads a hexadecimal address as a signed 64-bit number: kernel addresses are the highest, so negative and exact. */
function hexAt(data: Uint8Array, start: number, end: number): number {
  let high = 0;
  let low = 0;
  for (let i = start; i < end; i++) {
    const byte = data[i] ?? 0;
    const digit = byte >= 0x61 ? byte - 0x57 : byte - 0x30;
    if (digit < 0 || digit > 15) return Number.NaN;
    high = ((high << 4) | (low >>> 28)) >>> 0;
    low = ((low << 4) | digit) >>> 0;
  }
  return (high | 0) * keySpan + low;
}

const keySpan = 2 ** 32;

/** parseKernelSymbols reads the text of /proc/kallsyms: `ADDRESS TYPE NAME[\t[MODULE]]` a line. Lines of another form are passed over. */
export function parseKernelSymbols(data: Uint8Array, what = "/proc/kallsyms"): KernelSymbols {
  // A line is at least 20 bytes; names, each with its module's number before it, take less than the lines did.
  const collector = collectSymbols(Math.ceil(data.length / 45));
  const pool = new Uint8Array(data.length);
  const modules: string[] = [""];
  const moduleNumbers = new Map<string, number>([["", 0]]);
  let used = 0;
  let hidden = 0;

  for (let start = 0; start < data.length; ) {
    let end = data.indexOf(newline, start);
    if (end < 0) end = data.length;
    const addressEnd = start + 16;
    const type = data[addressEnd + 1] ?? 0;
    const isLine = end - start > 19 && data[addressEnd] === space && data[addressEnd + 2] === space;
    if (isLine && codeTypes.has(type)) {
      const address = hexAt(data, start, addressEnd);
      if (address === 0) hidden++;
      if (address < 0) {
        const nameAt = addressEnd + 3;
        const tabAt = data.subarray(nameAt, end).indexOf(tab);
        const nameEnd = tabAt < 0 ? end : nameAt + tabAt;
        const module = tabAt < 0 ? "" : text(data, nameEnd + 1, end).replace(/^\[|\]$/g, "");
        let number = moduleNumbers.get(module);
        if (number === undefined && modules.length < 0xffff) {
          number = modules.push(module) - 1;
          moduleNumbers.set(module, number);
        }
        collector.add(address, 0, used, globalTypes.has(type) ? 1 : 0);
        pool[used] = (number ?? 0) & 0xff;
        pool[used + 1] = (number ?? 0) >> 8;
        pool.set(data.subarray(nameAt, nameEnd), used + 2);
        used += 2 + nameEnd - nameAt + 1;
      }
    }
    start = end + 1;
  }
  if (collector.count() === 0) {
    throw new BinaryError("unreadable-file", `${what} shows no addresses of kernel functions`, {
      hint:
        hidden > 0
          ? "run as root or with CAP_SYSLOG, or set sysctl kernel.kptr_restrict to 0"
          : "the kernel was built without CONFIG_KALLSYMS",
    });
  }
  const held = pool.slice(0, used);
  const names: Names = {
    heldBytes: held.length,
    name: (at) => text(held, at + 2, held.indexOf(0, at + 2)),
    module: (at) => modules[(held[at] ?? 0) | ((held[at + 1] ?? 0) << 8)] || undefined,
  };
  const map = collector.finish(names);
  return {
    count: map.count,
    heldBytes: map.heldBytes,
    at(address) {
      const signed = Number(BigInt.asIntN(64, address));
      return signed < 0 ? map.at(signed) : undefined;
    },
  };
}

/** readKernelSymbols reads this kernel's functions (0.1 s, 5 MB held). Throws BinaryError "unreadable-file" where they are hidden. */
export function readKernelSymbols(path = "/proc/kallsyms"): KernelSymbols {
  let data: Buffer;
  try {
    data = readFileSync(path);
  } catch (cause) {
    throw new BinaryError("unreadable-file", `cannot read ${path}`, { cause });
  }
  return parseKernelSymbols(data, path);
}
