import { writeU64 } from "./attr.js";
import { Errno } from "./errno.js";
import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { addressOf, syscall } from "./syscall.js";

// include/uapi/linux/eventpoll.h
const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLET = 0x80000000;

// struct epoll_event is packed on x86-64 only.
const EVENT_BYTES = process.arch === "x64" ? 12 : 16;
const DATA_OFFSET = process.arch === "x64" ? 4 : 8;

/** Poller waits for descriptors to become readable. */
export class Poller {
  readonly #fd: Descriptor;
  readonly #event = new Uint8Array(EVENT_BYTES);
  readonly #view = new DataView(this.#event.buffer);

  constructor() {
    const fd = syscall("epoll_create1", EPOLL_CLOEXEC);
    if (fd < 0) throw failure(-fd, { call: "epoll_create1", tried: "make a poller" });
    this.#fd = new Descriptor(fd, "poller");
  }

  /** fd is the poller's own descriptor, readable while one of those it watches is. */
  get fd(): number {
    return this.#fd.number;
  }

  /**
   * add watches a descriptor; one that is closed leaves by itself. With `edges` it counts as readable once for
   * each time that it wakes who waits for it, not for as long as something is there.
   */
  add(fd: number, edges = false): void {
    this.#view.setUint32(0, (EPOLLIN | (edges ? EPOLLET : 0)) >>> 0, true);
    writeU64(this.#view, DATA_OFFSET, fd);
    const result = syscall("epoll_ctl", this.#fd.number, EPOLL_CTL_ADD, fd, addressOf(this.#event));
    if (result < 0) throw failure(-result, { call: "epoll_ctl", tried: `watch descriptor ${fd}` });
  }

  /**
   * wait blocks the thread until a descriptor is readable or the time is over, and tells which it was. With
   * 0 it only looks. Block only in a worker of your own: nothing else runs meanwhile.
   */
  wait(milliseconds: number): boolean {
    // Eight bytes of signal set, none given.
    const result = syscall("epoll_pwait", this.#fd.number, addressOf(this.#event), 1, milliseconds, 0, 8);
    if (result < 0 && result !== -Errno.EINTR) {
      throw failure(-result, { call: "epoll_pwait", tried: "wait for data" });
    }
    return result > 0;
  }

  /** close gives the poller's descriptor back. */
  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
