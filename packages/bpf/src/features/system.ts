import { existsSync, readFileSync } from "node:fs";
import { kernelBtf } from "../btf/kernel.js";
import { type CapabilityName, effectiveCapabilities, lockdownMode } from "../kernel/failure.js";
import { findTracefs, isTracefsMounted } from "../link/tracefs.js";
import { enableStatistics } from "../program/info.js";
import { answerOf, type FeatureAnswer, type FeatureRow, tryIt } from "./row.js";

function capability(name: CapabilityName, since: string, use: string): FeatureRow {
  return {
    key: name.toLowerCase().replaceAll("_", "-"),
    group: "system",
    name: `${name} (${use})`,
    since,
    probe: () => {
      const held = effectiveCapabilities();
      if (held === undefined) return { outcome: "cannot-tell", detail: "/proc/self/status is not readable" };
      if (held.has(name)) return { outcome: "yes" };
      // Before 5.8 CAP_SYS_ADMIN stood for both, and it still does.
      const isCovered = held.has("CAP_SYS_ADMIN") && (name === "CAP_BPF" || name === "CAP_PERFMON");
      if (isCovered) return { outcome: "yes", detail: "by CAP_SYS_ADMIN" };
      return { outcome: "no", detail: "this process does not have it", hint: "run as root", refused: true };
    },
  };
}

function bpffs(): FeatureAnswer {
  try {
    const mounted = /^\S+ \S+ bpf /m.test(readFileSync("/proc/self/mounts", "utf8"));
    if (mounted) return { outcome: "yes" };
    return {
      outcome: "no",
      detail: "not mounted",
      hint: "as root: mount -t bpf bpf /sys/fs/bpf",
      refused: true,
    };
  } catch {
    return { outcome: "cannot-tell", detail: "/proc/self/mounts is not readable" };
  }
}

function tracefs(): FeatureAnswer {
  const place = findTracefs();
  if (place !== undefined) return { outcome: "yes", detail: place };
  if (isTracefsMounted()) {
    return { outcome: "no", detail: "mounted, but not readable", hint: "run as root", refused: true };
  }
  if (existsSync("/sys/kernel/tracing")) {
    const hint = "as root: mount -t tracefs tracefs /sys/kernel/tracing";
    return { outcome: "no", detail: "not mounted", hint, refused: true };
  }
  return { outcome: "no", detail: "the kernel has no tracefs" };
}

/** systemRows has a row for each thing that must be there before any hook is tried. */
export const systemRows: readonly FeatureRow[] = [
  capability("CAP_BPF", "5.8", "load programs"),
  capability("CAP_PERFMON", "5.8", "observe other processes"),
  capability("CAP_SYS_ADMIN", "2.2", "uprobes on other users' files, program statistics"),
  capability("CAP_NET_ADMIN", "2.2", "network programs"),
  capability("CAP_SYS_PTRACE", "2.2", "read other users' processes"),
  capability("CAP_DAC_READ_SEARCH", "2.2", "find other users' services by their files and sockets"),
  {
    key: "btf",
    group: "system",
    name: "types of the kernel (BTF)",
    since: "5.4",
    config: "CONFIG_DEBUG_INFO_BTF",
    probe: () => {
      try {
        return { outcome: "yes", detail: `${kernelBtf().endId - 1} types` };
      } catch (error) {
        return answerOf(error);
      }
    },
  },
  {
    key: "tracefs",
    group: "system",
    name: "tracefs",
    since: "4.1",
    config: "CONFIG_TRACING",
    probe: tracefs,
  },
  { key: "bpffs", group: "system", name: "bpffs", since: "4.4", config: "CONFIG_BPF_SYSCALL", probe: bpffs },
  {
    key: "statistics",
    group: "system",
    name: "run counts of programs",
    since: "5.8",
    config: "CONFIG_BPF_SYSCALL",
    probe: () => tryIt(enableStatistics),
  },
  {
    key: "no-lockdown",
    group: "system",
    name: "a kernel that is not locked down",
    since: "5.4",
    probe: () => {
      const mode = lockdownMode();
      if (mode === undefined) return { outcome: "cannot-tell", detail: "the kernel does not tell" };
      if (mode === "none") return { outcome: "yes" };
      return { outcome: "no", detail: `lockdown=${mode}`, hint: "boot with lockdown=none", refused: true };
    },
  },
];
