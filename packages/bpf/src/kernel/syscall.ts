import koffi from "koffi";
import { BpfError } from "../errors.js";
import { SYSCALL_NUMBERS, type SyscallName } from "./syscall-numbers.js";

const EINTR = 4;
const EAGAIN = 11;

/**
 * How often a call that says EAGAIN is made again. BPF_PROG_LOAD gives it when a signal interrupts the
 * verifier, and Node's own timers and child processes send signals (kernel/bpf/verifier.c, signal_pending).
 */
const EAGAIN_RETRIES = 30;

type RawSyscall = (
  number: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
) => number | bigint;

/** The same on a thread of libuv's pool. What that thread's errno was nobody can ask. */
type AsideSyscall = (
  ...args: [...Parameters<RawSyscall>, (error: Error | null, result: number | bigint) => void]
) => void;

interface Seam {
  readonly call: RawSyscall;
  readonly aside: AsideSyscall;
  readonly numbers: Readonly<Record<SyscallName, number>>;
}

let seam: Seam | undefined;

/** openSeam binds libc's syscall() on first use, so that importing this package works on any system. */
function openSeam(): Seam {
  const numbers =
    process.arch === "x64" || process.arch === "arm64" ? SYSCALL_NUMBERS[process.arch] : undefined;
  if (process.platform !== "linux" || numbers === undefined) {
    throw new BpfError("not-supported", `eBPF is not available on ${process.platform} ${process.arch}`, {
      hint: "eBPF needs Linux on x86-64 or arm64",
    });
  }
  // The process itself has libc loaded: this finds glibc and musl alike. All parameters are declared
  // 64 bits wide; the kernel takes from each register what the call needs.
  const word = "int64_t";
  const bound = koffi.load(null).func("syscall", word, [word, word, word, word, word, word, word]);
  const call: RawSyscall = bound;
  seam = { call, aside: bound.async, numbers };
  return seam;
}

/**
 * syscall makes a system call and gives its result, or the negated errno. It is made again on EINTR, and a
 * bounded number of times on EAGAIN when `again` is set.
 */
export function syscall(name: SyscallName, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, again = false): number {
  const { call, numbers } = seam ?? openSeam();
  for (let attempt = 0; ; attempt++) {
    const result = Number(call(numbers[name], a, b, c, d, e, f));
    if (result !== -1) return result;
    const errno = koffi.errno();
    if (errno === EINTR && name !== "epoll_pwait") continue;
    if (errno === EAGAIN && again && attempt < EAGAIN_RETRIES) continue;
    return -errno;
  }
}

/**
 * syscallAside makes a system call on another thread, so that this one goes on; calls run beside each other, as many as
 * libuv's pool has threads. Resolves to its result, -1 for any failure: who wants the reason calls again with syscall().
 * Buffers must be held until then.
 */
export function syscallAside(name: SyscallName, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): Promise<number> {
  const { aside, numbers } = seam ?? openSeam();
  return new Promise((resolve, reject) => {
    aside(numbers[name], a, b, c, d, e, f, (error, result) =>
      error === null ? resolve(Number(result)) : reject(error),
    );
  });
}

/** The buffers whose addresses were asked for last: a system call takes fewer than this. */
const held: (ArrayBufferView | undefined)[] = new Array(32).fill(undefined);
let holdNext = 0;

/**
 * addressOf gives the address of a buffer's first byte, 0 for an empty one. Node never moves the memory of
 * an ArrayBuffer, and asking for the address moves a small typed array out of the collected heap; the last
 * few buffers are held here, so that the collector cannot take one between this and the system call. Who
 * keeps an address for longer keeps the buffer too. User addresses fit a number. 43 ns measured.
 */
export function addressOf(bytes: ArrayBufferView): number {
  if (bytes.byteLength === 0) return 0;
  held[holdNext] = bytes;
  holdNext = (holdNext + 1) % held.length;
  return Number(koffi.address(bytes));
}

/** memoryAt gives mapped memory as an ArrayBuffer; only mmap.ts may ask for it, for it owns the mapping. */
export function memoryAt(address: number, length: number): ArrayBuffer {
  return koffi.view(BigInt(address), length);
}
