import type { Descriptor } from "../kernel/fd.js";
import { MappedMemory, pageSize } from "../kernel/mmap.js";
import { enablePerfEvent } from "../kernel/perf.js";
import { openPerfOutput, type PerfWakeup } from "../kernel/perf-output.js";
import type { RingMemory } from "../ringbuf/reader.js";

// struct perf_event_mmap_page and struct perf_event_header, include/uapi/linux/perf_event.h.
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;
const HEADER_BYTES = 8;
const PERF_RECORD_LOST = 2;
const PERF_RECORD_SAMPLE = 9;
/** In a sample a header and the length of the raw data come before the data. */
const RAW_OFFSET = HEADER_BYTES + 4;
const LOST_COUNT_OFFSET = 16;
/** The header's size has 16 bits. */
const MAX_RECORD_BYTES = 65_536;

/** PerfRecordHandler is called for each record; its bytes are only there until it returns. */
export type PerfRecordHandler = (memory: RingMemory, offset: number, length: number, cpu: number) => void;

/** CpuTotals are what one processor's buffer has given. */
export interface CpuTotals {
  records: number;
  bytes: number;
  lost: number;
  wrapped: number;
}

function viewsOf(buffer: ArrayBuffer, offset: number, length: number): RingMemory {
  return {
    bytes: new Uint8Array(buffer, offset, length),
    view: new DataView(buffer, offset, length),
    words: new Int32Array(buffer, offset, length >> 2),
  };
}

/** CpuBuffer is the perf buffer of one processor, read in place. */
export class CpuBuffer {
  readonly cpu: number;
  readonly totals: CpuTotals = { records: 0, bytes: 0, lost: 0, wrapped: 0 };
  readonly #event: Descriptor;
  readonly #mapping: MappedMemory;
  readonly #data: RingMemory;
  readonly #positions: BigUint64Array;
  readonly #size: number;
  readonly #scratch: RingMemory;
  #tail: number;
  #leaves = false;

  /** `bytes` is a power of two of pages. `scratch` is for records that wrap, one for all processors. */
  constructor(cpu: number, bytes: number, wakeup: PerfWakeup, scratch: RingMemory) {
    const page = pageSize();
    this.cpu = cpu;
    this.#size = bytes;
    this.#scratch = scratch;
    this.#event = openPerfOutput(cpu, wakeup);
    try {
      // Writable, for the tail: that is what makes the kernel keep records until they are read.
      this.#mapping = MappedMemory.map(this.#event.number, page + bytes, 0, true, this.#event.what);
      enablePerfEvent(this.#event.number);
    } catch (error) {
      this.#event.close();
      throw error;
    }
    const { buffer } = this.#mapping;
    this.#data = viewsOf(buffer, page, bytes);
    this.#positions = new BigUint64Array(buffer, DATA_HEAD, (DATA_TAIL - DATA_HEAD) / 8 + 1);
    this.#tail = Number(Atomics.load(this.#positions, 1));
  }

  /** scratch makes what the constructor wants for records that wrap. */
  static scratch(): RingMemory {
    return viewsOf(new ArrayBuffer(MAX_RECORD_BYTES), 0, MAX_RECORD_BYTES);
  }

  /** fd is the perf event's descriptor. */
  get fd(): number {
    return this.#event.number;
  }

  get isOpen(): boolean {
    return this.#event.isOpen;
  }

  /** waiting gives the bytes that are in the buffer, headers counted. */
  waiting(): number {
    return Number(Atomics.load(this.#positions, 0)) - this.#tail;
  }

  /** drain gives up to `limit` records to the handler, and their number. A handler's error passes through. */
  drain(handler: PerfRecordHandler, limit: number): number {
    const { totals, cpu } = this;
    const mask = this.#size - 1;
    const data = this.#data;
    // The kernel orders the head after the records with a barrier of its own; an atomic load is its match.
    const head = Number(Atomics.load(this.#positions, 0));
    const first = this.#tail;
    let tail = first;
    let at = tail % this.#size;
    let records = 0;
    try {
      while (tail < head && records < limit) {
        // Headers are aligned to 8 bytes and so never wrap.
        const type = data.view.getUint32(at, true);
        const size = data.view.getUint16(at + 6, true);
        if (size < HEADER_BYTES) break;
        let memory = data;
        let start = at;
        if (at + size > this.#size) {
          memory = this.#unwrap(at, size);
          start = 0;
        }
        tail += size;
        at = (at + size) & mask;
        this.#tail = tail;
        if (type === PERF_RECORD_SAMPLE) {
          const length = memory.view.getUint32(start + HEADER_BYTES, true);
          records++;
          totals.bytes += length;
          handler(memory, start + RAW_OFFSET, length, cpu);
          if (this.#leaves) {
            records--;
            totals.bytes -= length;
            tail -= size;
            this.#tail = tail;
            break;
          }
          if (!this.#event.isOpen) break;
        } else if (type === PERF_RECORD_LOST) {
          totals.lost += memory.view.getUint32(start + LOST_COUNT_OFFSET, true);
        }
      }
    } finally {
      this.#leaves = false;
      totals.records += records;
      if (this.#event.isOpen && tail !== first) Atomics.store(this.#positions, 1, BigInt(tail));
    }
    return records;
  }

  /** leave ends the drain at hand before the record of which the handler was told. */
  leave(): void {
    this.#leaves = true;
  }

  /** close ends the event and lets go of the memory. */
  close(): void {
    this.#mapping.close();
    this.#event.close();
  }

  #unwrap(at: number, size: number): RingMemory {
    const scratch = this.#scratch;
    const { bytes } = this.#data;
    const before = this.#size - at;
    scratch.bytes.set(bytes.subarray(at, this.#size));
    scratch.bytes.set(bytes.subarray(0, size - before), before);
    this.totals.wrapped++;
    return scratch;
  }
}
