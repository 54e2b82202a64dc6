import type { Descriptor } from "../kernel/fd.js";
import { type ProgramInfo, programInfo } from "./info.js";
import type { ProgramImage } from "./spec.js";
import { type TestRunOptions, type TestRunResult, testRunProgram } from "./test-run.js";

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

  /**
   * testRun runs the program now, with given input (BPF_PROG_TEST_RUN, 4.12; raw_tp 5.10; syscall 5.14). Throws
   * BpfError `not-supported` for types the kernel cannot run, `bad-argument` for input the type does not take.
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return testRunProgram(this.fd, this.image, options);
  }

  /** close gives the descriptor back; links keep the program alive. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
