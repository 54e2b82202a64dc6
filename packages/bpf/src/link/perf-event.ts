import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import type { Descriptor } from "../kernel/fd.js";
import { openPerfEvent, type PerfBreakpoint, PerfType } from "../kernel/perf.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { type Attachable, type Link, linkOf } from "./link.js";
import { attachToPerfEvent } from "./perf-link.js";
import { eachThread, everywhere, type PerfPlace } from "./perf-places.js";

/** PerfEventOptions say which event samples, how often, and for whom. */
export interface PerfEventOptions {
  /** PerfType, and the event of it: one of PerfHardware or PerfSoftware, or what the type's sysfs folder says. */
  readonly type: number;
  readonly config: number;
  /** Run the program after this many events, or this many times a second. */
  readonly period?: number;
  readonly frequency?: number;
  /** Only this process: an event for each of its threads, those it starts from now on included (5.13). */
  readonly pid?: number;
  /** With a pid: the processes it starts from now on, too. */
  readonly children?: boolean;
  /** Only this thread. Without this and a pid: all processes, by an event on each processor. */
  readonly threadId?: number;
  /** Only on this processor. */
  readonly cpu?: number;
  /** For PerfType.BREAKPOINT. */
  readonly breakpoint?: PerfBreakpoint;
  /** What bpf_get_attach_cookie() gives (5.15). */
  readonly cookie?: bigint;
}

function hintOf(type: number, errno: number): string | undefined {
  const isMissing = errno === Errno.ENOENT || errno === Errno.EOPNOTSUPP || errno === Errno.ENODEV;
  if (!isMissing) return undefined;
  if (type === PerfType.HARDWARE || type === PerfType.HW_CACHE || type === PerfType.RAW) {
    return "this machine shows no hardware counters (virtual machines often do not): take PerfType.SOFTWARE, CPU_CLOCK";
  }
  return "this kernel has no such event: ls /sys/bus/event_source/devices";
}

/**
 * attachPerfEvent attaches a BPF_PROG_TYPE_PERF_EVENT program to a sampled event (4.9). Throws BpfError
 * `not-supported` for events the machine lacks, `not-found` for a process that has ended.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("perf_event") int sample(struct bpf_perf_event_data *ctx)
 *     const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK };
 *     using link = attachPerfEvent(object.program("sample"), { ...clock, frequency: 99 }); // all processors
 */
export function attachPerfEvent(program: Attachable, options: PerfEventOptions): Link {
  const { pid, threadId, children, cpu, cookie, ...event } = options;
  const target = `perf event ${options.type}:${options.config}`;
  const tried = `attach program "${program.name}" to ${target}`;
  const held: Descriptor[] = [];
  const attach = (place: PerfPlace, inherit?: "threads" | "all"): void => {
    const context = {
      tried,
      hint: (errno: number) => hintOf(options.type, errno),
      code: (errno: number) =>
        hintOf(options.type, errno) === undefined ? undefined : ("not-supported" as const),
    };
    const opened = openPerfEvent({ ...event, ...place, ...(inherit !== undefined && { inherit }) }, context);
    held.push(...attachToPerfEvent(program, opened, tried, cookie));
  };
  try {
    if (pid !== undefined) {
      const inherit = children || !kernelIsAtLeast(5, 13) ? "all" : "threads";
      eachThread(pid, (thread) => unlessEnded(() => attach({ pid: thread, cpu: cpu ?? -1 }, inherit)));
    } else if (threadId !== undefined) attach({ pid: threadId, cpu: cpu ?? -1 });
    else for (const place of everywhere(cpu)) attach(place);
    return linkOf("perf-event", target, held);
  } catch (error) {
    for (const descriptor of held) descriptor.close();
    throw error;
  }
}

/** A thread may end between being listed and being asked about. */
function unlessEnded(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof BpfError && error.errno === Errno.ESRCH) return false;
    throw error;
  }
}
