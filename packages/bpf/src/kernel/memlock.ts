import { writeU64 } from "./attr.js";
import { addressOf, syscall } from "./syscall.js";
import { kernelIsAtLeast } from "./version.js";

const RLIMIT_MEMLOCK = 8;

let done = false;

/**
 * allowLockedMemory lifts the locked-memory limit that kernels before 5.11 charge maps and programs to.
 * It fails silently: where the limit suffices nothing is lost, and where not the load itself says so.
 */
export function allowLockedMemory(): void {
  if (done || kernelIsAtLeast(5, 11)) return;
  done = true;
  const limit = new Uint8Array(16).fill(0xff);
  const view = new DataView(limit.buffer);
  if (syscall("prlimit64", 0, RLIMIT_MEMLOCK, addressOf(limit), 0) === 0) return;
  // Without CAP_SYS_RESOURCE the soft limit may still rise to the hard one.
  if (syscall("prlimit64", 0, RLIMIT_MEMLOCK, 0, addressOf(limit)) !== 0) return;
  const hard = view.getUint32(8, true) + view.getUint32(12, true) * 0x1_0000_0000;
  if (hard <= Number.MAX_SAFE_INTEGER) writeU64(view, 0, hard);
  else view.setBigUint64(0, view.getBigUint64(8, true), true);
  syscall("prlimit64", 0, RLIMIT_MEMLOCK, addressOf(limit), 0);
}
