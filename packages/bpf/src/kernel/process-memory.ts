import { Errno } from "./errno.js";
import { failure } from "./failure.js";
import { addressOf, syscall } from "./syscall.js";

/** MemoryRange is a piece of a process's memory. */
export interface MemoryRange {
  readonly address: number;
  readonly length: number;
}

/** ProcessMemory reads the same pieces of a process's memory again and again, without stopping it. */
export interface ProcessMemory {
  /** bytes holds the pieces end to end, as the last read() found them. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** offsetOf says where a piece begins in `bytes`. */
  offsetOf(piece: number): number;
  /**
   * read copies all pieces: one system call for each 1,024 of them (process_vm_readv(2)). Gives false when the process is
   * gone or a piece is not mapped; throws BpfError "permission-denied" without CAP_SYS_PTRACE.
   */
  read(): boolean;
}

// UIO_MAXIOV, include/uapi/linux/uio.h.
const mostPieces = 1024;
// struct iovec: two words.
const vectorSize = 16;

/**
 * processMemory plans to read `ranges` of process `pid`. The writer goes on meanwhile: a piece of up to eight aligned
 * bytes is whole, larger ones may be of different moments.
 */
export function processMemory(pid: number, ranges: readonly MemoryRange[]): ProcessMemory {
  const offsets: number[] = [];
  let size = 0;
  for (const { length } of ranges) {
    offsets.push(size);
    // Pieces begin aligned, so that 64-bit views of them may be made.
    size += (length + 7) & ~7;
  }
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(8, size)));
  const base = addressOf(bytes);
  const remote = new BigUint64Array(ranges.length * 2);
  const local = new BigUint64Array(ranges.length * 2);
  ranges.forEach(({ address, length }, i) => {
    remote[i * 2] = BigInt(address);
    remote[i * 2 + 1] = BigInt(length);
    local[i * 2] = BigInt(base + (offsets[i] ?? 0));
    local[i * 2 + 1] = BigInt(length);
  });

  return {
    bytes,
    view: new DataView(bytes.buffer),
    offsetOf: (piece) => offsets[piece] ?? 0,
    read() {
      for (let first = 0; first < ranges.length; first += mostPieces) {
        const count = Math.min(mostPieces, ranges.length - first);
        let wanted = 0;
        for (let i = first; i < first + count; i++) wanted += ranges[i]?.length ?? 0;
        const at = first * vectorSize;
        const done = syscall(
          "process_vm_readv",
          pid,
          addressOf(local) + at,
          count,
          addressOf(remote) + at,
          count,
          0,
        );
        if (done === wanted) continue;
        if (done === -Errno.EPERM) {
          throw failure(Errno.EPERM, {
            call: "process_vm_readv",
            tried: `read the memory of process ${pid}`,
            capabilities: ["CAP_SYS_PTRACE"],
          });
        }
        return false;
      }
      return true;
    },
  };
}
