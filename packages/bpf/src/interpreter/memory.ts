import { BpfError } from "../errors.js";

/** MemoryRegion is memory a program may use. */
export interface MemoryRegion {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

interface Mapped extends MemoryRegion {
  readonly view: DataView;
}

/**
 * InterpreterMemory is what an interpreted program can reach. Each region has 4 GiB of addresses of its own: the upper
 * half of an address is the region's number from 1 on, the lower half the offset, so that null and what lies beside a
 * region is never memory.
 */
export class InterpreterMemory {
  readonly #regions: Mapped[] = [];

  /** add makes memory reachable and gives its address. The bytes are used in place. */
  add(name: string, bytes: Uint8Array, writable = true): bigint {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#regions.push({ name, bytes, writable, view });
    return BigInt(this.#regions.length) << 32n;
  }

  /** view gives the memory behind an address, checked. Throws BpfError `program-fault`. */
  view(high: number, low: number, size: number, isWrite: boolean): DataView {
    const region = this.#regions[high - 1];
    const what = isWrite ? "write" : "read";
    if (region === undefined) {
      const address = `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
      throw new BpfError("program-fault", `${what} of ${size} bytes at ${address}, which is no memory`);
    }
    const { bytes, name, writable, view } = region;
    if (low + size > bytes.length) {
      // Just below a region the offset wraps around.
      const offset = low > 0x8000_0000 ? low - 0x1_0000_0000 : low;
      throw new BpfError(
        "program-fault",
        `${what} of ${size} bytes at offset ${offset} of "${name}", which has ${bytes.length}`,
      );
    }
    if (isWrite && !writable) {
      throw new BpfError("program-fault", `write of ${size} bytes to "${name}", which is read-only`);
    }
    return view;
  }

  /** bytes gives memory behind an address in place, for helper functions. Throws BpfError `program-fault`. */
  bytes(address: bigint, length: number, isWrite = false): Uint8Array {
    const high = Number((address >> 32n) & 0xffffffffn);
    const low = Number(address & 0xffffffffn);
    const view = this.view(high, low, length, isWrite);
    return new Uint8Array(view.buffer, view.byteOffset + low, length);
  }
}
