import { TEST_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf } from "../kernel/bpf.js";
import { failure } from "../kernel/failure.js";
import type { Descriptor } from "../kernel/fd.js";
import { type ProgramInfo, programInfo } from "./info.js";
import { type ProgramImage, programTypeName } from "./spec.js";

/** TestRunOptions are what a test run gives to the program. */
export interface TestRunOptions {
  /** Packet for network programs, at least 14 bytes. */
  readonly data?: Uint8Array;
  /** Context for programs that take one (raw tracepoint arguments, syscall programs, `__sk_buff`). */
  readonly context?: Uint8Array;
  /** How often to run; the duration is the average. Not for raw tracepoint and syscall programs. */
  readonly repeat?: number;
}

/** TestRunResult is what came out of a test run. */
export interface TestRunResult {
  /** What the program returned, unsigned 32-bit. */
  readonly result: number;
  /** Average duration of a run in nanoseconds. */
  readonly durationNs: number;
  /** The packet after the run; empty when no data went in. */
  readonly data: Uint8Array;
  /** The context after the run, for types that give it back. */
  readonly context: Uint8Array;
}

/** Room for programs that make the packet longer: XDP_PACKET_HEADROOM. */
const HEADROOM = 256;

/** Program owns a loaded program. */
export class Program {
  readonly image: ProgramImage;
  readonly #fd: Descriptor;

  /** Takes ownership of the descriptor; loadProgram() is the usual way to get here. */
  constructor(image: ProgramImage, fd: Descriptor) {
    this.image = image;
    this.#fd = fd;
  }

  /** name is the name the program was loaded with. */
  get name(): string {
    return this.image.name;
  }

  /** fd is the program's descriptor number. Throws BpfError `closed` after close(). */
  get fd(): number {
    return this.#fd.number;
  }

  /** info asks the kernel what it knows of the program, among it run count and time (see enableStatistics). */
  info(): ProgramInfo {
    return programInfo(this.fd);
  }

  /** testRun runs the program now, with given input (BPF_PROG_TEST_RUN, 4.12; raw_tp 5.10; syscall 5.14). */
  testRun(options: TestRunOptions = {}): TestRunResult {
    const input = options.data ?? new Uint8Array(0);
    const output = new Uint8Array(input.length === 0 ? 0 : input.length + HEADROOM);
    // Both kinds of program read the context; only some write one back, into the same length.
    const context = new Uint8Array(options.context ?? []);
    const givesContextBack = input.length > 0 && context.length > 0;
    const contextOut = givesContextBack ? new Uint8Array(context.length) : context;
    const result = bpf("BPF_PROG_TEST_RUN", TEST_ATTR, {
      prog_fd: this.fd,
      data_in: input,
      data_size_in: input.length,
      data_out: output,
      data_size_out: output.length,
      ctx_in: context,
      ctx_size_in: context.length,
      ctx_out: givesContextBack ? contextOut : 0,
      ctx_size_out: givesContextBack ? contextOut.length : 0,
      repeat: options.repeat ?? 0,
    });
    if (result < 0) {
      throw failure(-result, {
        call: "BPF_PROG_TEST_RUN",
        tried: `run ${programTypeName(this.image.type)} program "${this.name}"`,
      });
    }
    return {
      result: attrU32(TEST_ATTR, "retval"),
      durationNs: attrU32(TEST_ATTR, "duration"),
      data: output.subarray(0, attrU32(TEST_ATTR, "data_size_out")),
      context: contextOut,
    };
  }

  /** close gives the descriptor back; links keep the program alive. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
