import { writeU64 } from "./attr.js";
import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { PerfSoftware, PerfType } from "./perf.js";
import { addressOf, syscall } from "./syscall.js";

// struct perf_event_attr, include/uapi/linux/perf_event.h.
const ATTR_BYTES = 112;
const SAMPLE_TYPE_OFFSET = 24;
const FLAGS_OFFSET = 40;
const WAKEUP_OFFSET = 48;
const PERF_SAMPLE_RAW = 1 << 10;
const WATERMARK_BIT = 1 << 14;
const PERF_FLAG_FD_CLOEXEC = 8;

/** PerfWakeup says when a perf buffer wakes its reader: after so many records, or so many bytes waiting. */
export type PerfWakeup = { readonly records: number } | { readonly bytes: number };

/** openPerfOutput makes the perf event of one processor that bpf_perf_event_output() writes to. */
export function openPerfOutput(cpu: number, wakeup: PerfWakeup): Descriptor {
  const attr = new Uint8Array(ATTR_BYTES);
  const view = new DataView(attr.buffer);
  view.setUint32(0, PerfType.SOFTWARE, true);
  view.setUint32(4, ATTR_BYTES, true);
  writeU64(view, 8, PerfSoftware.BPF_OUTPUT);
  // A period, without which the event would count nothing.
  writeU64(view, 16, 1);
  writeU64(view, SAMPLE_TYPE_OFFSET, PERF_SAMPLE_RAW);
  if ("bytes" in wakeup) view.setUint32(FLAGS_OFFSET, WATERMARK_BIT, true);
  view.setUint32(WAKEUP_OFFSET, "bytes" in wakeup ? wakeup.bytes : wakeup.records, true);
  const fd = syscall("perf_event_open", addressOf(attr), -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) {
    throw failure(-fd, {
      call: "perf_event_open",
      tried: `make the perf buffer of processor ${cpu}`,
      capabilities: ["CAP_PERFMON"],
    });
  }
  return new Descriptor(fd, `perf buffer of processor ${cpu}`);
}
