import { BpfError } from "../errors.js";
import { syscall } from "./syscall.js";

// include/uapi/linux/fcntl.h
const F_DUPFD_CLOEXEC = 1030;

/**
 * Descriptor owns an open file descriptor. Its number is never 0: in union bpf_attr 0 means "none", so a
 * descriptor that the kernel numbers 0 (a process without standard input) is moved up.
 */
export class Descriptor {
  readonly what: string;
  #number: number;

  /** The number passes into this object's ownership; `what` names it in errors. */
  constructor(number: number, what: string) {
    this.what = what;
    this.#number = number;
    if (number === 0) {
      const moved = syscall("fcntl", 0, F_DUPFD_CLOEXEC, 1);
      syscall("close", 0);
      if (moved < 0) throw new BpfError("system-call-failed", `cannot move ${what} off descriptor 0`);
      this.#number = moved;
    }
  }

  /** duplicate makes another descriptor for the same thing. Throws BpfError. */
  static duplicate(number: number, what: string): Descriptor {
    const copy = syscall("fcntl", number, F_DUPFD_CLOEXEC, 1);
    if (copy < 0) throw new BpfError("system-call-failed", `cannot duplicate the descriptor of ${what}`);
    return new Descriptor(copy, what);
  }

  /** number is the descriptor. Throws BpfError `closed` after close(). */
  get number(): number {
    if (this.#number < 0) {
      throw new BpfError("closed", `${this.what} was used after close()`, {
        hint: "keep the object open for as long as it is used",
      });
    }
    return this.#number;
  }

  /** isOpen tells whether close() has not been called. */
  get isOpen(): boolean {
    return this.#number >= 0;
  }

  /** close gives the descriptor back to the kernel; closing twice is harmless. */
  close(): void {
    if (this.#number < 0) return;
    const number = this.#number;
    this.#number = -1;
    // Linux frees the descriptor whatever close() answers, so there is nothing to retry.
    syscall("close", number);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** duplicateDescriptor gives a second descriptor of the same thing, which stays when the first is closed. */
export function duplicateDescriptor(fd: number, what: string): Descriptor {
  const result = syscall("fcntl", fd, F_DUPFD_CLOEXEC, 1);
  if (result < 0) throw new BpfError("system-call-failed", `cannot hold ${what}: fcntl gives ${result}`);
  return new Descriptor(result, what);
}
