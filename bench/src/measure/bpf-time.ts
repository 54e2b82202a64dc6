import { attachBySection, kernelBtf, type Link, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import { compile } from "@go3s/lang";

/** BpfTime is the time a process has spent inside bpf(2), all threads, and how often it called it. */
export interface BpfTime {
  readonly ns: number;
  readonly calls: number;
}

// bpf is 321 on x86-64 and 280 on arm64: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
const source = `
package bpftime

import "bpf"

var (
	watched uint32
	number  uint64 = 321 // @config
	started = bpf.Hash[uint32, uint64](1024)
	spent   uint64
	calls   uint64
)

// @raw_tp:sys_enter
func enter(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != watched || ctx.Arg(1) != number {
		return 0
	}
	started.Update(bpf.TID(), bpf.KtimeNS())
	return 0
}

// @raw_tp:sys_exit
func leave(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != watched {
		return 0
	}
	at := started.Lookup(bpf.TID())
	if at == nil {
		return 0
	}
	spent += bpf.KtimeNS() - *at
	calls++
	started.Delete(bpf.TID())
	return 0
}
`;

/**
 * BpfTimer measures from the kernel's side how long a process is inside bpf(2), so that every loader is measured the
 * same way: two raw tracepoints, about 0.1 us a call.
 */
export class BpfTimer {
  readonly #object: LoadedObject;
  readonly #links: readonly Link[];

  constructor() {
    const { object, diagnostics } = compile([{ name: "bpf-time.go3s", text: source }], {
      kernelBtf: kernelBtf(),
    });
    if (object === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
    const number = process.arch === "arm64" ? 280n : 321n;
    this.#object = loadObject(readObject(object), { constants: { number } });
    this.#links = ["enter", "leave"].map((name) => attachBySection(this.#object, name));
  }

  /** watch counts from zero for this process from now on. */
  watch(pid: number): void {
    this.#object.variable("watched").setUint32(0, pid, true);
    this.#object.variable("spent").setBigUint64(0, 0n, true);
    this.#object.variable("calls").setBigUint64(0, 0n, true);
  }

  /** read gives what was counted since watch(). */
  read(): BpfTime {
    const value = (name: string): number => Number(this.#object.variable(name).getBigUint64(0, true));
    return { ns: value("spent"), calls: value("calls") };
  }

  close(): void {
    for (const link of this.#links) link.close();
    this.#object.close();
  }
}
