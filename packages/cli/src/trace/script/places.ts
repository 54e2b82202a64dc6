import { openElf, readGoBuildInfo } from "@go3s/binary";
import {
  attachIterator,
  attachKprobe,
  attachPerfEvent,
  attachRawTracepoint,
  attachTracepoint,
  attachTracing,
  attachUprobe,
  attachUprobeMulti,
  type Link,
  type LoadedObject,
  PerfHardware,
  PerfSoftware,
  PerfType,
  symbolOffset,
} from "@go3s/bpf";
import { type ProbePlace, placeName } from "@go3s/lang";
import { CliError } from "../../failure.js";
import { openProgram, zipMember } from "./zip-member.js";

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
  dummy: PerfSoftware.DUMMY,
  "bpf-output": PerfSoftware.BPF_OUTPUT,
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

// HW_BREAKPOINT_R, _W, _X of include/uapi/linux/hw_breakpoint.h.
const breakpointModes: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4 };

/** isGo tells whether a program was built by Go: the kernel's return probes break its growing stacks. */
function isGo(path: string): boolean {
  using elf = openElf(path);
  return readGoBuildInfo(elf) !== undefined;
}

type UserPlace = ProbePlace & { readonly kind: "uprobe" | "uretprobe" | "usdt" };

interface UserPoint {
  readonly path: string;
  readonly offset: number;
  readonly refCounter: number;
  readonly cookie: number;
}

/** pointsOf gives the instructions of a probe in a program: several for a USDT probe that was inlined. */
function pointsOf(place: UserPlace): UserPoint[] {
  const { path } = place;
  if (place.kind === "usdt") return place.sites.map((site) => ({ path, ...site }));
  if (place.fileOffset !== undefined) return [{ path, offset: place.fileOffset, refCounter: 0, cookie: 0 }];
  const member = zipMember(path);
  if (member !== undefined)
    return [
      { path: member.archive, offset: member.offset + offsetIn(path, place), refCounter: 0, cookie: 0 },
    ];
  if (place.kind === "uretprobe" && isGo(path))
    throw new CliError(
      "bad-program",
      `${placeName(place)}: return probes end Go programs, for their stacks move`,
      "probe the function's entry, or use go3s observe",
    );
  return [{ path, offset: symbolOffset(path, place.symbol) + place.offset, refCounter: 0, cookie: 0 }];
}

/** offsetIn finds a function in a file that is part of another one. */
function offsetIn(path: string, place: { readonly symbol: string; readonly offset: number }): number {
  using elf = openProgram(path);
  const found =
    (elf.symbols() ?? elf.dynamicSymbols())?.find(place.symbol) ?? elf.dynamicSymbols()?.find(place.symbol);
  const offset = found === undefined ? undefined : elf.addressToOffset(found.value);
  if (offset === undefined) throw new CliError("bad-program", `${path} has no function ${place.symbol}`);
  return offset + place.offset;
}

const isUser = (place: ProbePlace): place is UserPlace =>
  place.kind === "uprobe" || place.kind === "uretprobe" || place.kind === "usdt";

/** attachUser attaches one program to all its instructions: one link for each file where the kernel has that (6.6). */
function attachUser(
  object: LoadedObject,
  program: string,
  places: readonly UserPlace[],
  pid: number | undefined,
): Link[] {
  const code = object.program(program);
  const atReturn = places[0]?.kind === "uretprobe";
  const isMulti = /^u(?:ret)?probe\.multi/.test(object.spec.programs.get(program)?.section ?? "");
  const byPath = new Map<string, UserPoint[]>();
  const ofProcess = pid === undefined ? {} : { pid };
  for (const point of places.flatMap(pointsOf))
    byPath.set(point.path, [...(byPath.get(point.path) ?? []), point]);
  const links: Link[] = [];
  try {
    for (const [path, points] of byPath) {
      // Two names of one function are one place.
      const unique = [...new Map(points.map((point) => [point.offset, point])).values()];
      if (isMulti) {
        links.push(
          attachUprobeMulti(code, {
            path,
            atReturn,
            offsets: unique.map((point) => point.offset),
            refCounters: unique.map((point) => point.refCounter),
            cookies: unique.map((point) => BigInt(point.cookie)),
            ...ofProcess,
          }),
        );
        continue;
      }
      for (const { offset, refCounter, cookie } of unique)
        links.push(
          attachUprobe(code, { path, offset, atReturn, refCounter, cookie: BigInt(cookie), ...ofProcess }),
        );
    }
    return links;
  } catch (error) {
    for (const link of links) link.close();
    throw error;
  }
}

/** attachPlaces attaches a program to all its places; what is run by us (BEGIN, tests, signals) has no link. */
export function attachPlaces(
  object: LoadedObject,
  program: string,
  places: readonly ProbePlace[],
  pid: number | undefined,
): Link[] {
  const user = places.filter(isUser);
  const links = user.length === 0 ? [] : attachUser(object, program, user, pid);
  for (const place of places) {
    if (isUser(place)) continue;
    const link = attachPlace(object, program, place, pid);
    if (link !== undefined) links.push(link);
  }
  return links;
}

function attachPlace(
  object: LoadedObject,
  program: string,
  place: Exclude<ProbePlace, UserPlace>,
  pid: number | undefined,
): Link | undefined {
  const code = object.program(program);
  const ofProcess = pid === undefined ? {} : { pid };
  const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK } as const;
  switch (place.kind) {
    case "begin":
    case "end":
    case "self":
    case "test":
    case "bench":
      return undefined;
    case "tracepoint":
      if (place.raw) return attachRawTracepoint(code, { name: place.name });
      return attachTracepoint(code, { group: place.group, name: place.name });
    case "rawtracepoint":
      return attachRawTracepoint(code, { name: place.name });
    case "fentry":
    case "fexit":
      return attachTracing(code);
    case "iter":
      return attachIterator(code);
    case "kprobe":
    case "kretprobe":
      if (place.address !== undefined)
        throw new CliError("bad-program", "kprobes at addresses are not attached", "name the function");
      return attachKprobe(code, {
        symbol: place.name,
        atReturn: place.kind === "kretprobe",
        ...(place.offset === undefined ? {} : { offset: place.offset }),
      });
    case "watchpoint":
    case "asyncwatchpoint":
      return attachPerfEvent(code, {
        type: PerfType.BREAKPOINT,
        config: 0,
        period: 1,
        breakpoint: {
          on: [...place.mode].reduce((all, letter) => all | (breakpointModes[letter] ?? 0), 0),
          address: place.address,
          // Execution is watched with the length of a word: perf_event_open(2).
          length: place.mode === "x" ? 8 : place.length,
        },
        ...ofProcess,
      });
    case "interval":
      return attachPerfEvent(code, { ...clock, period: place.period, cpu: 0 });
    case "profile": {
      const rate =
        place.frequency === undefined ? { period: place.period ?? 1e9 } : { frequency: place.frequency };
      return attachPerfEvent(code, { ...clock, ...rate, ...ofProcess });
    }
    case "software":
    case "hardware": {
      const isSoftware = place.kind === "software";
      const config = (isSoftware ? softwareEvents : hardwareEvents)[place.event] ?? 0;
      return attachPerfEvent(code, {
        type: isSoftware ? PerfType.SOFTWARE : PerfType.HARDWARE,
        config,
        period: place.period,
        ...ofProcess,
      });
    }
  }
}
