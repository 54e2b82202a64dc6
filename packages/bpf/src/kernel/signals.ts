import { addressOf, syscall } from "./syscall.js";

// include/uapi/asm-generic/signal-defs.h
const SIG_SETMASK = 2;

// The kernel's sigset_t has a bit for each of 64 signals.
const ALL = new Uint8Array(8).fill(0xff);

/**
 * withoutSignals does work while this thread takes no signals: those that come wait, or go to another thread.
 * BPF_PROG_LOAD gives up with EAGAIN when a signal is pending, and a profiler (node --cpu-prof) sends one each
 * millisecond: programs that take longer to verify would never load. Costs 1 us.
 */
export function withoutSignals<T>(work: () => T): T {
  const before = new Uint8Array(8);
  const isBlocked =
    syscall("rt_sigprocmask", SIG_SETMASK, addressOf(ALL), addressOf(before), before.length) === 0;
  try {
    return work();
  } finally {
    if (isBlocked) syscall("rt_sigprocmask", SIG_SETMASK, addressOf(before), 0, before.length);
  }
}
