import { openPerfEvent } from "../kernel/perf.js";
import { type Attachable, type Link, linkOf } from "./link.js";
import { attachToPerfEvent } from "./perf-link.js";
import { perfSource } from "./perf-source.js";

/** KprobeOptions say which function of the kernel. */
export interface KprobeOptions {
  readonly symbol: string;
  /** Bytes from the function's start. */
  readonly offset?: number;
  readonly atReturn?: boolean;
  readonly cookie?: bigint;
}

/**
 * attachKprobe attaches a BPF_PROG_TYPE_KPROBE program to a function of the kernel. Throws BpfError
 * `not-supported` where the kernel is built without kprobes.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("kprobe") int entry(struct pt_regs *ctx)
 *     using link = attachKprobe(object.program("entry"), { symbol: "tcp_connect" });
 */
export function attachKprobe(program: Attachable, options: KprobeOptions): Link {
  const { symbol, offset, atReturn, cookie } = options;
  const target = `${atReturn ? "kretprobe" : "kprobe"} ${symbol}`;
  const tried = `attach program "${program.name}" to ${target}`;
  const source = perfSource("kprobe");
  const config = atReturn ? 2 ** source.returnBit : 0;
  const event = openPerfEvent(
    { type: source.type, config, path: symbol, offset: offset ?? 0, pid: -1, cpu: 0 },
    { tried, capabilities: ["CAP_PERFMON"] },
  );
  return linkOf("kprobe", target, attachToPerfEvent(program, event, tried, cookie));
}
