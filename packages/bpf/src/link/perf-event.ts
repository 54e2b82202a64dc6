import { Errno } from "../kernel/errno.js";
import type { Descriptor } from "../kernel/fd.js";
import { openPerfEvent, type PerfBreakpoint, PerfType } from "../kernel/perf.js";
import { onlineCpus } from "../maps/cpus.js";
import { type Attachable, type Link, linkOf } from "./link.js";
import { attachToPerfEvent } from "./perf-link.js";

/** PerfEventOptions say which event samples, how often, and for whom. */
export interface PerfEventOptions {
  /** PerfType, and the event of it: one of PerfHardware or PerfSoftware, or what the type's sysfs folder says. */
  readonly type: number;
  readonly config: number;
  /** Run the program after this many events, or this many times a second. */
  readonly period?: number;
  readonly frequency?: number;
  /** Only this thread (a process id is that of its first thread); absent means all, by an event on each processor. */
  readonly pid?: number;
  /** With a pid: also the threads and processes that it starts from now on. */
  readonly inherit?: boolean;
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
 * attachPerfEvent attaches a BPF_PROG_TYPE_PERF_EVENT program to a sampled event (4.9). Detaching waits for the
 * kernel, 60 ms here. Throws BpfError `not-supported` for events the machine lacks.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("perf_event") int sample(struct bpf_perf_event_data *ctx)
 *     const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK };
 *     using link = attachPerfEvent(object.program("sample"), { ...clock, frequency: 99 }); // all processors
 */
export function attachPerfEvent(program: Attachable, options: PerfEventOptions): Link {
  const { pid, cpu, cookie, ...event } = options;
  const target = `perf event ${options.type}:${options.config}`;
  const tried = `attach program "${program.name}" to ${target}`;
  const held: Descriptor[] = [];
  try {
    const isEverywhere = pid === undefined && cpu === undefined;
    const cpus = isEverywhere ? onlineCpus() : [cpu ?? -1];
    for (const one of cpus) {
      const opened = openPerfEvent(
        { ...event, pid: pid ?? -1, cpu: one },
        {
          tried,
          hint: (errno) => hintOf(options.type, errno),
          code: (errno) => (hintOf(options.type, errno) === undefined ? undefined : "not-supported"),
        },
      );
      held.push(...attachToPerfEvent(program, opened, tried, cookie));
    }
    return linkOf("perf-event", target, held);
  } catch (error) {
    for (const descriptor of held) descriptor.close();
    throw error;
  }
}
