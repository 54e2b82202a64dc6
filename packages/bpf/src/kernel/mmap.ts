import { failure } from "./failure.js";
import { memoryAt, syscall } from "./syscall.js";

// include/uapi/asm-generic/mman-common.h
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;

interface Region {
  readonly address: number;
  readonly length: number;
}

const forgotten = new FinalizationRegistry<Region>(({ address, length }) => {
  syscall("munmap", address, length);
});

/**
 * MappedMemory is a mapping of a descriptor, seen as an ArrayBuffer. A buffer of Node cannot be taken back
 * from those who hold views of it, so close() puts empty anonymous memory in its place: what is mapped is
 * let go at once, late readers see zeros instead of crashing the process, and the address space follows
 * when the last view is gone.
 */
export class MappedMemory {
  readonly buffer: ArrayBuffer;
  readonly #region: Region;
  #open = true;

  private constructor(region: Region) {
    this.#region = region;
    this.buffer = memoryAt(region.address, region.length);
    forgotten.register(this.buffer, region);
  }

  /**
   * map maps `length` bytes of a descriptor from `offset` (a multiple of the page size), shared. Writing to
   * memory mapped without `writable` ends the process, so give such views only to readers.
   */
  static map(fd: number, length: number, offset: number, writable: boolean, what: string): MappedMemory {
    const address = syscall(
      "mmap",
      0,
      length,
      PROT_READ | (writable ? PROT_WRITE : 0),
      MAP_SHARED,
      fd,
      offset,
    );
    if (address < 0) throw failure(-address, { call: "mmap", tried: `map ${length} bytes of ${what}` });
    return new MappedMemory({ address, length });
  }

  /** mapPrivate maps a file's bytes for reading, a copy that no one else sees; for files that refuse sharing. */
  static mapPrivate(fd: number, length: number, what: string): MappedMemory {
    const address = syscall("mmap", 0, length, PROT_READ, MAP_PRIVATE, fd, 0);
    if (address < 0) throw failure(-address, { call: "mmap", tried: `map ${length} bytes of ${what}` });
    return new MappedMemory({ address, length });
  }

  /** isOpen tells whether close() has not been called. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** close lets go of what is mapped; views of the buffer read zeros from now on. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { address, length } = this.#region;
    const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    syscall("mmap", address, length, PROT_READ | PROT_WRITE, flags, -1, 0);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** pageSize is the kernel's page size in bytes: mappings and ring buffers are counted in it. */
export function pageSize(): number {
  // arm64 kernels come with 4, 16 or 64 KiB; an mmap at an offset of 4096 is refused by all but the first.
  if (process.arch === "x64") return 4096;
  for (const size of [4096, 16_384, 65_536]) {
    const address = syscall("mmap", 0, size * 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0) continue;
    const refused = syscall("munmap", address + size, size) < 0;
    syscall("munmap", address, size * 2);
    if (!refused) return size;
  }
  return 65_536;
}
