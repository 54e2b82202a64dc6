import { readFileSync } from "node:fs";

/** MissingRights is a part of what is observed, the capabilities it lacks in this process, and what to do. */
export interface MissingRights {
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

// Bits of capabilities(7); `by` is a wider one that stands for it too.
const capabilities = {
  CAP_BPF: { bit: 39n, by: 21n },
  CAP_PERFMON: { bit: 38n, by: 21n },
  CAP_SYS_PTRACE: { bit: 19n, by: 19n },
  CAP_DAC_READ_SEARCH: { bit: 2n, by: 1n },
} as const;
type Capability = keyof typeof capabilities;

// Tried with setpriv on Linux 6.18: bpf(2) and perf_event_open(2) ask for the first two; without the others /proc/PID/exe
// and /proc/PID/fd of other users cannot be read, so their services are not found.
const load: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"];
const parts: readonly { readonly what: string; readonly needs: readonly Capability[] }[] = [
  { what: "TCP connections", needs: load },
  { what: "requests of this user's services", needs: load },
  { what: "requests of other users' services", needs: [...load, "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"] },
];

/** missingRights names, per part, the capabilities that the process of a /proc/PID/status text lacks; none for root. */
export function missingRights(status = readFileSync("/proc/self/status", "utf8")): readonly MissingRights[] {
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "ffffffffffffffff"}`);
  const has = (bit: bigint): boolean => ((held >> bit) & 1n) === 1n;
  return parts.flatMap(({ what, needs }) => {
    const lacking = needs.filter((name) => !has(capabilities[name].bit) && !has(capabilities[name].by));
    if (lacking.length === 0) return [];
    const names = lacking.join(", ");
    return [{ what, why: `this process lacks ${names}`, hint: `run as root, or give it ${names}` }];
  });
}
