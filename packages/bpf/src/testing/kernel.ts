import { readdirSync, readlinkSync } from "node:fs";
import { effectiveCapabilities } from "../kernel/failure.js";

/** skipWithoutBpf gives the reason why tests on the live kernel cannot run here, false when they can. */
export function skipWithoutBpf(): string | false {
  if (process.platform !== "linux") return "eBPF needs Linux";
  const held = effectiveCapabilities();
  if (held?.has("CAP_SYS_ADMIN") || (held?.has("CAP_BPF") && held.has("CAP_PERFMON"))) return false;
  return "needs root, or CAP_BPF and CAP_PERFMON";
}

/** kernelDescriptors counts the descriptors of this process that eBPF makes. */
export function kernelDescriptors(): string[] {
  const found: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      // Node has an epoll of its own, made before any test.
      if (/bpf|perf_event|btf/.test(target)) found.push(target);
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  return found.sort();
}
