import { openPerfEvent } from "../kernel/perf.js";
import { withFile } from "./file-identity.js";
import { type Attachable, type Link, linkOf } from "./link.js";
import { attachToPerfEvent } from "./perf-link.js";
import { perfSource } from "./perf-source.js";

/** UprobeOptions say which instruction of which file, for whom. */
export interface UprobeOptions {
  /** The executable or library; for another mount namespace by way of /proc/PID/root. */
  readonly path: string;
  /** What fileIdentity() said when the offsets were found: another file that stands there now is left alone. */
  readonly identity?: string | undefined;
  /** File offset of the instruction in bytes (not its address). */
  readonly offset: number;
  /** Only this process; absent means all that map the file. */
  readonly pid?: number;
  /** Run at the function's return. Never for Go: the kernel's return trampoline breaks its stack moves. */
  readonly atReturn?: boolean;
  /** File offset of a 16-bit counter the kernel raises while the probe is there (USDT semaphore, 4.20). */
  readonly refCounter?: number;
  readonly cookie?: bigint;
}

/**
 * attachUprobe attaches a BPF_PROG_TYPE_KPROBE program to an instruction in user space, by a perf event of
 * its own. Detaching takes 116-127 ms here each; many probes are better attached by attachUprobeMulti.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("uprobe") int called(struct pt_regs *ctx)
 *     const path = "/usr/bin/app";
 *     const offset = symbolOffset(path, "handle_request"); // in a Go program behind the stack check
 *     using link = attachUprobe(object.program("called"), { path, offset, pid: 4711 });
 */
export function attachUprobe(program: Attachable, options: UprobeOptions): Link {
  const { path, identity, offset, pid, atReturn, refCounter, cookie } = options;
  const target = `${atReturn ? "uretprobe" : "uprobe"} ${path}+0x${offset.toString(16)}`;
  const tried = `attach program "${program.name}" to ${target}`;
  const source = perfSource("uprobe");
  // The counter's offset stands in the config's upper half: PERF_UPROBE_REF_CTR_OFFSET_SHIFT.
  const config = (atReturn ? 2 ** source.returnBit : 0) + (refCounter ?? 0) * 0x1_0000_0000;
  const event = withFile(path, identity, (file) =>
    openPerfEvent(
      { type: source.type, config, path: file, offset, pid: pid ?? -1, cpu: pid === undefined ? 0 : -1 },
      { tried, capabilities: ["CAP_PERFMON", "CAP_SYS_ADMIN"] },
    ),
  );
  return linkOf("uprobe", target, attachToPerfEvent(program, event, tried, cookie));
}
