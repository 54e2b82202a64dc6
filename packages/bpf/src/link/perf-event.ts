import type { Descriptor } from "../kernel/fd.js";
import { openPerfEvent } from "../kernel/perf.js";
import { onlineCpus } from "../maps/cpus.js";
import { type Attachable, type Link, linkOf } from "./link.js";
import { attachToPerfEvent } from "./perf-link.js";

/** PerfEventOptions say which event samples, how often, and for whom. */
export interface PerfEventOptions {
  /** PerfType, and the event of it: for PerfType.SOFTWARE one of PerfSoftware. */
  readonly type: number;
  readonly config: number;
  /** Run the program after this many events, or this many times a second. */
  readonly period?: number;
  readonly frequency?: number;
  /** Only this process; absent means all, by an event on each processor. */
  readonly pid?: number;
  readonly cookie?: bigint;
}

/** attachPerfEvent attaches a BPF_PROG_TYPE_PERF_EVENT program to a sampled event. Throws BpfError. */
export function attachPerfEvent(program: Attachable, options: PerfEventOptions): Link {
  const { pid, cookie, ...event } = options;
  const target = `perf event ${options.type}:${options.config}`;
  const tried = `attach program "${program.name}" to ${target}`;
  const held: Descriptor[] = [];
  try {
    const places = pid === undefined ? onlineCpus().map((cpu) => ({ pid: -1, cpu })) : [{ pid, cpu: -1 }];
    for (const place of places) {
      const opened = openPerfEvent({ ...event, ...place }, { tried });
      held.push(...attachToPerfEvent(program, opened, tried, cookie));
    }
    return linkOf("perf-event", target, held);
  } catch (error) {
    for (const descriptor of held) descriptor.close();
    throw error;
  }
}
