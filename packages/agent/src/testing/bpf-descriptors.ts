import { readdirSync, readlinkSync } from "node:fs";

/** bpfDescriptors lists what this process holds of BPF. */
export function bpfDescriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /bpf|perf_event/.test(target) ? [target] : [];
    } catch {
      // The descriptor of the folder itself is gone by now.
      return [];
    }
  });
}
