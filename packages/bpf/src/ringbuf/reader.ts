import { BpfError } from "../errors.js";
import { Poller } from "../kernel/epoll.js";
import { MappedMemory, pageSize } from "../kernel/mmap.js";
import { type Watch, watchReadable, watchWakeups } from "../kernel/watch.js";
import type { BpfMap } from "../maps/map.js";
import { MapType } from "../uapi/map-types.js";
import { Pace, type RingTimer } from "./pace.js";

// Record header: length with two flag bits, then the kernel's page offset. include/uapi/linux/bpf.h.
const BUSY = 0x80000000;
const DISCARD = 0x40000000;
const LENGTH_MASK = 0x3fffffff;
const HEADER_BYTES = 8;

/** x86-64 makes loads in the program's order, so a plain one will do; it saves 4 to 10 ns a record. */
const LOADS_IN_ORDER = process.arch === "x64";

/**
 * RingMemory is a ring buffer's data as views, for reading only: writing to them ends the process. Records
 * that wrap are whole in it, for the data, or its beginning (RingReaderOptions), is mapped again behind its end.
 */
export interface RingMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Records begin at multiples of 8 bytes: `words[offset >> 2]` is a record's first word. */
  readonly words: Int32Array;
}

/**
 * RecordHandler is called for each record with its place in the memory. The bytes are only there until it
 * returns; what is to be kept is copied.
 */
export type RecordHandler = (memory: RingMemory, offset: number, length: number) => void;

/** RingCounts are a reader's totals. */
export interface RingCounts {
  /** Records given to the handler, and their bytes. */
  readonly records: number;
  readonly bytes: number;
  /** Records the program discarded. */
  readonly discarded: number;
  readonly drains: number;
  /** Drains that found nothing. */
  readonly empty: number;
}

interface Mapping {
  readonly consumer: MappedMemory;
  readonly producer: MappedMemory;
}

/** RingReaderOptions are a reader's choices. */
export interface RingReaderOptions {
  /**
   * largestRecord is how many bytes the program's records have at most; as many as the buffer has when absent. The data is mapped a second
   * time only as far as a record can reach: the kernel fills page tables at once, so what is mapped twice counts twice in our RSS.
   */
  readonly largestRecord?: number;
}

function mapRing(map: BpfMap, largestRecord: number): Mapping {
  const page = pageSize();
  const size = map.spec.maxEntries;
  const again = Math.min(size, Math.ceil((largestRecord + HEADER_BYTES) / page) * page);
  const what = `ring buffer "${map.spec.name}"`;
  const consumer = MappedMemory.map(map.fd, page, 0, true, what);
  try {
    return { consumer, producer: MappedMemory.map(map.fd, page + size + again, page, false, what) };
  } catch (error) {
    consumer.close();
    throw error;
  }
}

/**
 * RingBufferReader reads a BPF_MAP_TYPE_RINGBUF (5.8) in place. Its owner either calls drain() from a loop of
 * his own, or start(), which looks by a timer while records come and sleeps until a program wakes it while
 * none do, or wait() and drain() in a worker.
 */
export class RingBufferReader {
  readonly memory: RingMemory;
  readonly size: number;
  readonly #mapping: Mapping;
  readonly #map: BpfMap;
  readonly #handler: RecordHandler;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #words: Int32Array;
  #poller: Poller | undefined;
  #pace: Pace | undefined;
  #position: number;
  #isDraining = false;
  #isOpen = true;
  /** Ends a drain after the record at hand, or before it. */
  #end: "go-on" | "after" | "before" = "go-on";
  #records = 0;
  #bytes = 0;
  #discarded = 0;
  #drains = 0;
  #empty = 0;

  /** The map stays the caller's and must be open until close(). A ring buffer has one reader at a time. */
  constructor(map: BpfMap, handler: RecordHandler, options: RingReaderOptions = {}) {
    if (map.spec.type !== MapType.BPF_MAP_TYPE_RINGBUF) {
      throw new BpfError("bad-argument", `map "${map.spec.name}" is not a ring buffer`);
    }
    const page = pageSize();
    this.#map = map;
    this.#handler = handler;
    this.size = map.spec.maxEntries;
    this.#mapping = mapRing(map, options.largestRecord ?? this.size);
    const data = this.#mapping.producer.buffer;
    this.memory = {
      bytes: new Uint8Array(data, page),
      view: new DataView(data, page),
      words: new Int32Array(data, page),
    };
    this.#words = this.memory.words;
    this.#consumer = new BigUint64Array(this.#mapping.consumer.buffer, 0, 1);
    this.#producer = new BigUint64Array(data, 0, 1);
    this.#position = Number(Atomics.load(this.#consumer, 0));
  }

  /** waiting gives the bytes that are in the buffer, headers and unfinished records counted. */
  waiting(): number {
    this.#check();
    return Number(Atomics.load(this.#producer, 0)) - this.#position;
  }

  /** counts gives the reader's totals. What the ring buffer had no room for only the program can count. */
  counts(): RingCounts {
    return {
      records: this.#records,
      bytes: this.#bytes,
      discarded: this.#discarded,
      drains: this.#drains,
      empty: this.#empty,
    };
  }

  /**
   * drain gives up to `limit` records that are complete to the handler, and their number. It ends after a
   * bufferful at the latest, so that a fast program cannot hold it. When the handler throws, its record
   * counts as read and the error passes through.
   */
  drain(limit = Number.POSITIVE_INFINITY): number {
    this.#check();
    if (this.#isDraining) throw new BpfError("bad-argument", "drain() was called from its own handler");
    this.#isDraining = true;
    const words = this.#words;
    const memory = this.memory;
    const handler = this.#handler;
    const mask = this.size - 1;
    // The kernel sees room again after an eighth of the buffer, not after each record: fewer cache lines bounce.
    const giveBack = this.size >>> 3;
    let position = this.#position;
    const end = position + this.size;
    let at = position % this.size;
    let given = position;
    let records = 0;
    let bytes = 0;
    try {
      let produced = Number(Atomics.load(this.#producer, 0));
      while (position < produced && records < limit) {
        // The program writes the header last, with the busy bit off: what is read after it is whole.
        const header = LOADS_IN_ORDER ? (words[at >> 2] ?? BUSY) : Atomics.load(words, at >> 2);
        if (header & BUSY) break;
        const length = header & LENGTH_MASK;
        const step = (length + HEADER_BYTES + 7) & ~7;
        const offset = at + HEADER_BYTES;
        position += step;
        at = (at + step) & mask;
        this.#position = position;
        if (header & DISCARD) {
          this.#discarded++;
        } else {
          records++;
          bytes += length;
          handler(memory, offset, length);
          if (this.#end !== "go-on") {
            if (this.#end === "before") {
              records--;
              bytes -= length;
              position -= step;
              this.#position = position;
            }
            break;
          }
        }
        if (position - given >= giveBack) {
          Atomics.store(this.#consumer, 0, BigInt(position));
          given = position;
        }
        if (position >= end) break;
        if (position >= produced) produced = Number(Atomics.load(this.#producer, 0));
      }
    } finally {
      this.#isDraining = false;
      this.#end = "go-on";
      if (this.#isOpen && position !== given) Atomics.store(this.#consumer, 0, BigInt(position));
      this.#records += records;
      this.#bytes += bytes;
      this.#drains++;
      if (records === 0) this.#empty++;
    }
    return records;
  }

  /** leave is for handlers that have no room: it ends the drain, and the next one begins with this record. */
  leave(): void {
    this.#end = "before";
  }

  /**
   * wait blocks this thread until a program wakes the reader or the time is over. Programs that submit with
   * BPF_RB_NO_WAKEUP do not wake it, so give a time. For workers: nothing else runs meanwhile.
   */
  wait(milliseconds: number): boolean {
    this.#check();
    if (this.#poller === undefined) {
      const poller = new Poller();
      try {
        poller.add(this.#map.fd);
      } catch (error) {
        poller.close();
        throw error;
      }
      this.#poller = poller;
    }
    return this.#poller.wait(milliseconds);
  }

  /**
   * start looks by itself until stop(): every `min` to `max` milliseconds while records come, so that a
   * quarter of the buffer fills between two looks; when none come it sleeps until a program wakes it.
   * `drained` is called after each look that found records.
   */
  start(timer: RingTimer = {}, drained?: () => void): void {
    this.#check();
    this.#pace?.close();
    const look = (): number => {
      const before = this.#position;
      this.drain();
      return this.#position - before;
    };
    const source = { look, size: this.size, ...(drained !== undefined && { drained }) };
    const watch = timer.threshold === true ? watchWakeups : watchReadable;
    this.#pace = new Pace(source, (readable) => watch(this.#map.fd, readable), timer);
    this.#pace.start();
  }

  /**
   * watchWakeups calls back when a program has woken who waits for the buffer (BPF_RB_FORCE_WAKEUP), for owners of a loop of their own;
   * what was written without a wake-up is for the loop to find. It begins with arm(); close it before the reader.
   */
  watchWakeups(woken: () => void): Watch {
    this.#check();
    return watchWakeups(this.#map.fd, woken);
  }

  /** stop ends what start() began, until resume(). */
  stop(): void {
    this.#pace?.stop();
  }

  /** resume goes on as start() was told, beginning with a look. */
  resume(): void {
    this.#check();
    this.#pace?.start();
  }

  /** close lets go of the memory; the views then read zeros. The map is the caller's to close. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#end = "after";
    this.#pace?.close();
    this.#poller?.close();
    this.#mapping.consumer.close();
    this.#mapping.producer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(): void {
    if (!this.#isOpen)
      throw new BpfError("closed", `the reader of "${this.#map.spec.name}" was used after close()`);
  }
}
