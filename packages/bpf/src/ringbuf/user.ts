import { BpfError } from "../errors.js";
import { MappedMemory, pageSize } from "../kernel/mmap.js";
import type { BpfMap } from "../maps/map.js";
import { MapType } from "../uapi/map-types.js";
import type { RingMemory } from "./reader.js";

// Record header: length with two flag bits, include/uapi/linux/bpf.h.
const BUSY = 0x80000000;
const DISCARD = 0x40000000;
const LENGTH_MASK = 0x3fffffff;
const HEADER_BYTES = 8;

/**
 * UserRingBuffer writes into a BPF_MAP_TYPE_USER_RINGBUF (6.1): records from user space that a program takes
 * with bpf_user_ringbuf_drain() when it runs. Records are written in place and become visible in the order
 * of their reservation: one that is neither submitted nor discarded holds up those behind it.
 */
export class UserRingBuffer {
  /** The data, for writing to what reserve() gave. */
  readonly memory: RingMemory;
  readonly size: number;
  readonly #name: string;
  readonly #consumerPage: MappedMemory;
  readonly #producerPage: MappedMemory;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  #position: number;
  #isOpen = true;

  /** The map stays the caller's, who may close it. One thread writes. */
  constructor(map: BpfMap) {
    const { type, name, maxEntries } = map.spec;
    if (type !== MapType.BPF_MAP_TYPE_USER_RINGBUF) {
      throw new BpfError("bad-argument", `map "${name}" is not a user ring buffer`);
    }
    const page = pageSize();
    const what = `user ring buffer "${name}"`;
    this.#name = name;
    this.size = maxEntries;
    // The kernel's position may only be read: a writable mapping of it is refused.
    this.#consumerPage = MappedMemory.map(map.fd, page, 0, false, what);
    try {
      this.#producerPage = MappedMemory.map(map.fd, page + 2 * maxEntries, page, true, what);
    } catch (error) {
      this.#consumerPage.close();
      throw error;
    }
    const data = this.#producerPage.buffer;
    this.memory = {
      bytes: new Uint8Array(data, page),
      view: new DataView(data, page),
      words: new Int32Array(data, page),
    };
    this.#consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1);
    this.#producer = new BigUint64Array(data, 0, 1);
    this.#position = Number(Atomics.load(this.#producer, 0));
  }

  /** free gives the bytes there is room for, headers of 8 bytes counted. */
  free(): number {
    this.#check();
    return this.size - (this.#position - Number(Atomics.load(this.#consumer, 0)));
  }

  /**
   * reserve gives the place in `memory` of a new record of `length` bytes, or -1 when there is no room until
   * the program drains. What is written there is seen once submit() is called with the place.
   */
  reserve(length: number): number {
    const whole = (length + HEADER_BYTES + 7) & ~7;
    if (!Number.isInteger(length) || length < 0 || whole > this.size) {
      throw new BpfError("bad-argument", `a record of ${length} bytes can never fit into "${this.#name}"`, {
        hint: `it has ${this.size} bytes; each record takes 8 more than its length`,
      });
    }
    if (this.free() < whole) return -1;
    const at = this.#position % this.size;
    Atomics.store(this.memory.words, at >> 2, (length | BUSY) >> 0);
    this.memory.words[(at >> 2) + 1] = 0;
    this.#position += whole;
    // The header is there before the kernel may look at it.
    Atomics.store(this.#producer, 0, BigInt(this.#position));
    return at + HEADER_BYTES;
  }

  /** submit lets the program see a reserved record. */
  submit(place: number): void {
    this.#finish(place, 0);
  }

  /** discard gives a reserved record up; the program skips it. */
  discard(place: number): void {
    this.#finish(place, DISCARD);
  }

  /** write copies bytes into a record and submits it; false when there is no room. */
  write(bytes: Uint8Array): boolean {
    const place = this.reserve(bytes.length);
    if (place < 0) return false;
    this.memory.bytes.set(bytes, place);
    this.submit(place);
    return true;
  }

  /** close lets go of the memory; what was submitted stays for the program. */
  close(): void {
    this.#isOpen = false;
    this.#consumerPage.close();
    this.#producerPage.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #finish(place: number, flag: number): void {
    this.#check();
    const word = (place - HEADER_BYTES) >> 2;
    const header = this.memory.words[word] ?? 0;
    if ((header & BUSY) === 0) {
      throw new BpfError("bad-argument", `place ${place} of "${this.#name}" is not reserved`, {
        hint: "submit or discard once what reserve() gave",
      });
    }
    Atomics.store(this.memory.words, word, (header & LENGTH_MASK) | flag);
  }

  #check(): void {
    if (!this.#isOpen) throw new BpfError("closed", `"${this.#name}" was written to after close()`);
  }
}
