import {
  BinaryError,
  type DebugInfo,
  displayName,
  type ElfFile,
  openDebugInfo,
  probeSite,
  returnOffsets,
} from "@go3s/binary";
import type { Place } from "./abi.js";
import { type Capture, captureOf } from "./capture.js";
import { placeOf } from "./go-plan.js";
import type { FunctionPattern } from "./pattern.js";
import { type FunctionPlan, mostFunctions, type ProgramPlan } from "./plan.js";

const nothing: Capture = { leaves: [], code: [], words: 0, lost: [] };
// STT_FUNC, include/uapi/linux/elf.h
const functionSymbol = 2;

/**
 * planNative finds functions of C, C++ and Rust programs by their symbols. A program that can unwind its stack
 * (.gcc_except_table) has its return instructions probed instead of its return address changed, which would end the process.
 */
export function planNative(elf: ElfFile, patterns: readonly FunctionPattern[], values: boolean): ProgramPlan {
  const notes: string[] = [];
  const functions: FunctionPlan[] = [];
  const common = {
    isGo: false,
    goidOffset: undefined,
    parentGoidOffset: undefined,
    panic: undefined,
    goexit: undefined,
    routineEnd: undefined,
  };
  const unwinds = elf.section(".gcc_except_table") !== undefined;
  using info = values ? openInfo(elf, notes) : undefined;
  const found = new Map<number, { name: string; size: number }>();
  for (const pattern of patterns) {
    if (pattern.kind === "line") {
      notes.push(`${pattern.text}: lines can be observed in Go programs`);
      continue;
    }
    let any = false;
    for (const symbol of elf.symbols() ?? elf.dynamicSymbols() ?? []) {
      if (symbol.type !== functionSymbol || symbol.size === 0) continue;
      const name = /^_[ZR]/.test(symbol.name) ? displayName(symbol.name) : symbol.name;
      // C++ shows parameters behind the name; a pattern without them means all overloads.
      const bare = name.replace(/\(.*$/s, "");
      if (![symbol.name, name, bare].some((each) => pattern.matches(each))) continue;
      any = true;
      found.set(symbol.value, { name, size: symbol.size });
    }
    if (!any) {
      const times = pattern.exact ? (info?.inlined(pattern.text) ?? 0) : 0;
      const why =
        times > 0 ? `inlined at ${times} places: cannot be observed` : "no symbol of this program matches";
      notes.push(`${pattern.text}: ${why}`);
    }
  }
  if (found.size > mostFunctions) {
    notes.push(`functions: ${found.size} match, the first ${mostFunctions} are observed; name fewer`);
  }
  for (const [address, { name, size }] of [...found].slice(0, mostFunctions))
    addFunction(address, size, name);
  return { ...common, functions, notes };

  function returnsOf(code: Uint8Array, address: number): number[] {
    return returnOffsets(elf.machine, code)
      .map((offset) => elf.addressToOffset(address + offset))
      .filter((offset) => offset !== undefined);
  }

  function addFunction(address: number, size: number, name: string): void {
    try {
      const code = elf.readAddress(address, size).data;
      const site = probeSite(elf.machine, code, "c");
      const entry = elf.addressToOffset(address + site.offset);
      if (entry === undefined) throw new BinaryError("malformed", "no segment holds it");
      const rows = info?.parameters(address) ?? [];
      const registers = ["Rdi", "Rsi", "Rdx", "Rcx", "R8", "R9"];
      let next = 0;
      const given = rows.map((row) => {
        let place: Place = placeOf(row.location);
        // Unoptimised code keeps parameters on the stack, where they are not yet at the entry.
        const isWord = /integer|unsigned|boolean|character|enum|pointer|reference/.test(row.type.kind);
        const register = isWord ? registers[next++] : undefined;
        if (place.kind !== "registers" && register !== undefined) {
          place = { kind: "registers", words: new Map([[0, `ctx.${register}()`]]) };
        }
        return { name: row.name, type: row.type, place };
      });
      const position = info?.position(address);
      functions.push({
        id: functions.length + 1,
        name,
        file: position?.file ?? "",
        line: position?.line ?? 0,
        entry,
        entryIsCheap: site.cost === "emulated",
        returns: unwinds ? returnsOf(code, address) : [],
        uretprobe: !unwinds,
        isLine: false,
        arguments: captureOf(given),
        results: nothing,
      });
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      notes.push(`${name}: ${error.message}`);
    }
  }
}

function openInfo(elf: ElfFile, notes: string[]): DebugInfo | undefined {
  try {
    const info = openDebugInfo(elf);
    if (info === undefined) notes.push("arguments: the program has no debug information (-g)");
    return info;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    notes.push(`arguments: ${error.message}`);
    return undefined;
  }
}
