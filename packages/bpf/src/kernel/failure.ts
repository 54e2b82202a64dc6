import { readFileSync } from "node:fs";
import { BpfError, type BpfErrorCode } from "../errors.js";
import type { Explanation } from "../explain/explanation.js";
import { Errno, errnoText } from "./errno.js";
import { kernelRelease } from "./version.js";

// Bits of include/uapi/linux/capability.h.
const CAPABILITY_BITS = {
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

/** CapabilityName is a Linux capability that eBPF asks for. */
export type CapabilityName = keyof typeof CAPABILITY_BITS;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** effectiveCapabilities gives those of this process, undefined when /proc is not readable. */
export function effectiveCapabilities(): ReadonlySet<CapabilityName> | undefined {
  const bits = /^CapEff:\s*([0-9a-f]+)/m.exec(readText("/proc/self/status") ?? "")?.[1];
  if (bits === undefined) return undefined;
  const mask = BigInt(`0x${bits}`);
  const held = new Set<CapabilityName>();
  for (const name of capabilityNames) if ((mask >> BigInt(CAPABILITY_BITS[name])) & 1n) held.add(name);
  return held;
}

/** capabilityNames lists the capabilities this package looks at. */
export const capabilityNames: readonly CapabilityName[] = [
  "CAP_BPF",
  "CAP_PERFMON",
  "CAP_SYS_ADMIN",
  "CAP_NET_ADMIN",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_PTRACE",
  "CAP_DAC_READ_SEARCH",
];

/** lockdownMode gives the kernel's lockdown: "none", "integrity", "confidentiality", undefined if not told. */
export function lockdownMode(): string | undefined {
  return /\[(\w+)\]/.exec(readText("/sys/kernel/security/lockdown") ?? "")?.[1];
}

const CODES: ReadonlyMap<number, BpfErrorCode> = new Map<number, BpfErrorCode>([
  [Errno.EPERM, "permission-denied"],
  [Errno.EACCES, "permission-denied"],
  [Errno.ENOENT, "not-found"],
  [Errno.ESRCH, "not-found"],
  [Errno.ENOMEM, "out-of-memory"],
  [Errno.E2BIG, "not-supported"],
  [Errno.ENOSYS, "not-supported"],
  [Errno.EOPNOTSUPP, "not-supported"],
  [Errno.ENOTSUPP, "not-supported"],
  [Errno.EEXIST, "already-exists"],
]);

function permissionHint(wanted: readonly CapabilityName[]): string {
  const held = effectiveCapabilities();
  const missing = wanted.filter((name) => held !== undefined && !held.has(name));
  if (missing.length > 0 && !held?.has("CAP_SYS_ADMIN")) {
    return `run as root, or give the process ${missing.join(" and ")}`;
  }
  const mode = lockdownMode();
  if (mode !== undefined && mode !== "none") {
    return `the kernel is locked down (${mode}): boot with lockdown=none or do without this`;
  }
  return "the capabilities are there, so a policy of this kernel or of a security module refuses it";
}

/** FailureContext is what a caller knows about a system call that failed. */
export interface FailureContext {
  /** The call or bpf(2) command, for example `BPF_MAP_CREATE`. */
  readonly call: string;
  /** What was tried, in words, for example `create ring buffer "events"`. */
  readonly tried: string;
  /** The first kernel that has what was asked for, for example `5.8`. */
  readonly since?: string | undefined;
  readonly capabilities?: readonly CapabilityName[] | undefined;
  /** What to do, or how to find it from the errno; found out from errno, capabilities and kernel when absent. */
  readonly hint?: string | ((errno: number) => string | undefined) | undefined;
  readonly code?: BpfErrorCode | ((errno: number) => BpfErrorCode | undefined) | undefined;
  readonly log?: string | undefined;
  readonly explanation?: Explanation | undefined;
  /** Where it failed and in what words, put behind the errno. */
  readonly detail?: string | undefined;
}

function olderThan(release: readonly [number, number], since: string): boolean {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  return release[0] < major || (release[0] === major && release[1] < minor);
}

/** failure turns an errno into a BpfError that names the call, the reason and what to do. */
export function failure(errno: number, context: FailureContext): BpfError {
  const { call, tried, since } = context;
  const given = typeof context.code === "function" ? context.code(errno) : context.code;
  let code = given ?? CODES.get(errno) ?? "system-call-failed";
  let hint = typeof context.hint === "function" ? context.hint(errno) : context.hint;
  const release = kernelRelease();
  if (since !== undefined && olderThan(release.version, since)) {
    code = "not-supported";
    hint = `this needs Linux ${since} or newer; this is ${release.text}`;
  } else if (hint === undefined && (errno === Errno.EPERM || errno === Errno.EACCES)) {
    hint = permissionHint(context.capabilities ?? ["CAP_BPF", "CAP_PERFMON"]);
  } else if (hint === undefined && errno === Errno.ENOMEM) {
    hint = "ask for smaller maps, or raise the locked-memory limit (ulimit -l) on kernels before 5.11";
  } else if (hint === undefined && errno === Errno.EMFILE) {
    hint = "raise the limit of open files (ulimit -n)";
  }
  return new BpfError(code, `cannot ${tried}: ${call} says ${errnoText(errno)}${context.detail ?? ""}`, {
    hint,
    call,
    errno,
    log: context.log,
    explanation: context.explanation,
  });
}
