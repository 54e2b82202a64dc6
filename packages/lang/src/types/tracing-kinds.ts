import type { ProgramKind } from "./program-kind.js";

const plain = (prefix: string) => (target: string) => (target === "" ? prefix : `${prefix}/${target}`);

const probe = (
  name: string,
  target: ProgramKind["target"],
  context: string,
  more: Partial<ProgramKind> = {},
): ProgramKind => ({ name, aliases: [], target, section: plain(name), context, ...more });

const kprobe = { family: "kprobe", nests: false } as const;
const uprobe = { family: "kprobe" } as const;

/** tracingKinds are programs at functions of the kernel and of processes. */
export const tracingKinds: readonly ProgramKind[] = [
  // The trampoline's programs: kernel 5.5, fmod_ret 5.7, LSM 5.7.
  probe("fmod_ret", "name", "FModRet"),
  probe("lsm", "name", "LSM"),
  probe("lsm_cgroup", "name", "LSM", { returns: { low: 0, high: 1 }, pass: 1 }),
  probe("kprobe.multi", "pattern", "KProbe", { ...kprobe, aliases: ["kprobe_multi"] }),
  probe("kretprobe.multi", "pattern", "KProbe", { ...kprobe, aliases: ["kretprobe_multi"] }),
  probe("kprobe.session", "pattern", "KProbe", {
    ...kprobe,
    aliases: ["kprobe_session"],
    returns: { low: 0, high: 1 },
  }),
  probe("ksyscall", "name", "KProbe", kprobe),
  probe("kretsyscall", "name", "KProbe", kprobe),
  probe("uprobe.session", "optional", "UProbe", {
    ...uprobe,
    aliases: ["uprobe_session"],
    returns: { low: 0, high: 1 },
  }),
  probe("usdt", "optional", "USDT", uprobe),
  probe("raw_tp.w", "name", "RawTracepoint", {
    family: "raw_tp",
    aliases: ["raw_tracepoint.w", "raw_tp_writable"],
  }),
  probe("freplace", "name", "FReplace"),
  probe("syscall", "none", "Syscall"),
];
