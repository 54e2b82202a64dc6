import { writeU64 } from "./attr.js";
import { type FailureContext, failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { addressOf, syscall } from "./syscall.js";

/**
 * PerfType is the type of a perf event; dynamic sources such as the uprobe PMU have a number of their own in
 * /sys/bus/event_source/devices/NAME/type. Source: include/uapi/linux/perf_event.h.
 */
export const PerfType = {
  HARDWARE: 0,
  SOFTWARE: 1,
  TRACEPOINT: 2,
  HW_CACHE: 3,
  RAW: 4,
  BREAKPOINT: 5,
} as const;

/** PerfHardware lists the events that every processor counts in some way. Source: enum perf_hw_id. */
export const PerfHardware = {
  CPU_CYCLES: 0,
  INSTRUCTIONS: 1,
  CACHE_REFERENCES: 2,
  CACHE_MISSES: 3,
  BRANCH_INSTRUCTIONS: 4,
  BRANCH_MISSES: 5,
  BUS_CYCLES: 6,
  STALLED_CYCLES_FRONTEND: 7,
  STALLED_CYCLES_BACKEND: 8,
  REF_CPU_CYCLES: 9,
} as const;

/** PerfSoftware lists the software events. Source: enum perf_sw_ids. */
export const PerfSoftware = {
  CPU_CLOCK: 0,
  TASK_CLOCK: 1,
  PAGE_FAULTS: 2,
  CONTEXT_SWITCHES: 3,
  CPU_MIGRATIONS: 4,
  PAGE_FAULTS_MINOR: 5,
  PAGE_FAULTS_MAJOR: 6,
  ALIGNMENT_FAULTS: 7,
  EMULATION_FAULTS: 8,
  DUMMY: 9,
  BPF_OUTPUT: 10,
} as const;

// struct perf_event_attr up to PERF_ATTR_SIZE_VER5; offsets from include/uapi/linux/perf_event.h.
const ATTR_BYTES = 112;
const FLAGS_OFFSET = 40;
const BREAKPOINT_TYPE_OFFSET = 52;
const CONFIG1_OFFSET = 56;
const CONFIG2_OFFSET = 64;
const INHERIT_BIT = 1 << 1;
/** Bit 35, in the upper half. */
const INHERIT_THREAD_BIT = 1 << 3;
const FREQUENCY_BIT = 1 << 10;
const PERF_FLAG_FD_CLOEXEC = 8;

// _IO('$', n) of include/uapi/linux/perf_event.h.
const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_EVENT_IOC_DISABLE = 0x2401;
const PERF_EVENT_IOC_SET_BPF = 0x40042408;

/** PerfBreakpoint is a hardware breakpoint: HW_BREAKPOINT_R 1, _W 2, both 3, _X 4 (then the length is 8). */
export interface PerfBreakpoint {
  readonly on: number;
  readonly address: bigint;
  /** Bytes: 1, 2, 4 or 8. */
  readonly length: number;
}

/** PerfEventSpec describes a perf event. */
export interface PerfEventSpec {
  readonly type: number;
  readonly config: number;
  /** Sample after this many events. */
  readonly period?: number;
  /** Sample this many times a second; instead of a period. */
  readonly frequency?: number;
  /** Also what the thread starts from now on: only threads (5.13), or processes too. */
  readonly inherit?: "threads" | "all";
  /** For a breakpoint: what happens to which bytes. */
  readonly breakpoint?: PerfBreakpoint;
  /** For a uprobe: the file's path; for a kprobe: the function's name. */
  readonly path?: string;
  /** For a uprobe: the file offset of the instruction. */
  readonly offset?: number;
  /** -1 is every process (with one cpu given). */
  readonly pid: number;
  /** -1 is every processor (with one pid given). */
  readonly cpu: number;
}

/** openPerfEvent makes a perf event, disabled until a program is attached. Throws BpfError. */
export function openPerfEvent(spec: PerfEventSpec, context: Omit<FailureContext, "call">): Descriptor {
  const attr = new Uint8Array(ATTR_BYTES);
  const view = new DataView(attr.buffer);
  const path = spec.path === undefined ? undefined : new TextEncoder().encode(`${spec.path}\0`);
  view.setUint32(0, spec.type, true);
  view.setUint32(4, ATTR_BYTES, true);
  writeU64(view, 8, spec.config);
  writeU64(view, 16, spec.frequency ?? spec.period ?? 0);
  const flags =
    (spec.frequency === undefined ? 0 : FREQUENCY_BIT) | (spec.inherit === undefined ? 0 : INHERIT_BIT);
  view.setUint32(FLAGS_OFFSET, flags, true);
  if (spec.inherit === "threads") view.setUint32(FLAGS_OFFSET + 4, INHERIT_THREAD_BIT, true);
  if (spec.breakpoint !== undefined) {
    view.setUint32(BREAKPOINT_TYPE_OFFSET, spec.breakpoint.on, true);
    view.setBigUint64(CONFIG1_OFFSET, spec.breakpoint.address, true);
    writeU64(view, CONFIG2_OFFSET, spec.breakpoint.length);
  }
  if (path !== undefined) {
    writeU64(view, CONFIG1_OFFSET, addressOf(path));
    writeU64(view, CONFIG2_OFFSET, spec.offset ?? 0);
  }
  const fd = syscall("perf_event_open", addressOf(attr), spec.pid, spec.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) {
    throw failure(-fd, { capabilities: ["CAP_PERFMON"], ...context, call: "perf_event_open" });
  }
  return new Descriptor(fd, "perf event");
}

/** enablePerfEvent starts a perf event. */
export function enablePerfEvent(fd: number): number {
  return syscall("ioctl", fd, PERF_EVENT_IOC_ENABLE, 0);
}

/** disablePerfEvent stops a perf event. */
export function disablePerfEvent(fd: number): number {
  return syscall("ioctl", fd, PERF_EVENT_IOC_DISABLE, 0);
}

/** setPerfEventProgram attaches a program the way kernels before 5.15 know; gives 0 or the negated errno. */
export function setPerfEventProgram(fd: number, programFd: number): number {
  return syscall("ioctl", fd, PERF_EVENT_IOC_SET_BPF, programFd);
}
