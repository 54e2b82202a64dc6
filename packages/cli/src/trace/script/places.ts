import { openElf, openGoBinary, readGoBuildInfo } from "@go3s/binary";
import {
  attachKprobe,
  attachPerfEvent,
  attachRawTracepoint,
  attachTracepoint,
  attachUprobe,
  type Link,
  type LoadedObject,
  PerfHardware,
  PerfSoftware,
  PerfType,
  symbolOffset,
} from "@go3s/bpf";
import { type ProbePlace, placeName } from "@go3s/lang";
import { CliError } from "../../failure.js";

const softwareEvents: Readonly<Record<string, number>> = {
  "cpu-clock": PerfSoftware.CPU_CLOCK,
  "task-clock": PerfSoftware.TASK_CLOCK,
  "page-faults": PerfSoftware.PAGE_FAULTS,
  "context-switches": PerfSoftware.CONTEXT_SWITCHES,
  "cpu-migrations": PerfSoftware.CPU_MIGRATIONS,
  "minor-faults": PerfSoftware.PAGE_FAULTS_MINOR,
  "major-faults": PerfSoftware.PAGE_FAULTS_MAJOR,
  "alignment-faults": PerfSoftware.ALIGNMENT_FAULTS,
  "emulation-faults": PerfSoftware.EMULATION_FAULTS,
};

const hardwareEvents: Readonly<Record<string, number>> = {
  "cpu-cycles": PerfHardware.CPU_CYCLES,
  instructions: PerfHardware.INSTRUCTIONS,
  "cache-references": PerfHardware.CACHE_REFERENCES,
  "cache-misses": PerfHardware.CACHE_MISSES,
  "branch-instructions": PerfHardware.BRANCH_INSTRUCTIONS,
  "branch-misses": PerfHardware.BRANCH_MISSES,
  "bus-cycles": PerfHardware.BUS_CYCLES,
  "frontend-stalls": PerfHardware.STALLED_CYCLES_FRONTEND,
  "backend-stalls": PerfHardware.STALLED_CYCLES_BACKEND,
  "ref-cycles": PerfHardware.REF_CPU_CYCLES,
};

/** isGo tells whether a program was built by Go: the kernel's return probes break its growing stacks. */
function isGo(path: string): boolean {
  using elf = openElf(path);
  return readGoBuildInfo(elf) !== undefined;
}

/** attachPlace attaches a program to one place; BEGIN and END are run, not attached. */
export function attachPlace(
  object: LoadedObject,
  program: string,
  place: ProbePlace,
  pid: number | undefined,
): Link | undefined {
  const code = object.program(program);
  const ofProcess = pid === undefined ? {} : { pid };
  switch (place.kind) {
    case "begin":
    case "end":
      return undefined;
    case "tracepoint":
      return attachTracepoint(code, { group: place.group, name: place.name });
    case "rawtracepoint":
      return attachRawTracepoint(code, { name: place.name });
    case "kprobe":
    case "kretprobe":
      return attachKprobe(code, { symbol: place.name, atReturn: place.kind === "kretprobe" });
    case "uprobe":
    case "uretprobe": {
      const atReturn = place.kind === "uretprobe";
      if (atReturn && isGo(place.path))
        throw new CliError(
          "bad-program",
          `${placeName(place)}: return probes end Go programs, for their stacks move`,
          "probe the function's entry, or use go3s observe",
        );
      return attachUprobe(code, {
        path: place.path,
        offset: symbolOffset(place.path, place.symbol) + place.offset,
        atReturn,
        ...ofProcess,
      });
    }
    case "interval":
      return attachPerfEvent(code, {
        type: PerfType.SOFTWARE,
        config: PerfSoftware.CPU_CLOCK,
        period: place.period,
        cpu: 0,
      });
    case "profile": {
      const rate =
        place.frequency === undefined ? { period: place.period ?? 1e9 } : { frequency: place.frequency };
      return attachPerfEvent(code, {
        type: PerfType.SOFTWARE,
        config: PerfSoftware.CPU_CLOCK,
        ...rate,
        ...ofProcess,
      });
    }
    case "software":
      return attachPerfEvent(code, {
        type: PerfType.SOFTWARE,
        config: softwareEvents[place.event] ?? 0,
        period: place.period,
        ...ofProcess,
      });
    case "hardware":
      return attachPerfEvent(code, {
        type: PerfType.HARDWARE,
        config: hardwareEvents[place.event] ?? 0,
        period: place.period,
        ...ofProcess,
      });
  }
}

/** functionsOf lists the functions of a program or library, for patterns. */
export function functionsOf(path: string): string[] {
  using elf = openElf(path);
  if (readGoBuildInfo(elf) !== undefined) {
    using binary = openGoBinary(path);
    return Array.from({ length: binary.functions.count }, (_, i) => binary.functions.name(i));
  }
  const names = new Set<string>();
  // STT_FUNC and STT_GNU_IFUNC of elf.h; an address of 0 is a function of another file.
  for (const table of [elf.symbols(), elf.dynamicSymbols()])
    for (const symbol of table ?? [])
      if ((symbol.type === 2 || symbol.type === 10) && symbol.value !== 0) names.add(symbol.name);
  return [...names];
}
