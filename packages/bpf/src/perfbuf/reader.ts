import { BpfError } from "../errors.js";
import { Poller } from "../kernel/epoll.js";
import { pageSize } from "../kernel/mmap.js";
import type { PerfWakeup } from "../kernel/perf-output.js";
import { watchReadable } from "../kernel/watch.js";
import { onlineCpus } from "../maps/cpus.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { Pace, type RingTimer } from "../ringbuf/pace.js";
import { MapType } from "../uapi/map-types.js";
import { CpuBuffer, type PerfRecordHandler } from "./cpu-buffer.js";

/** PerfBufferOptions say how much is kept, and when a sleeping reader is woken. */
export interface PerfBufferOptions {
  /** Bytes for each processor, a power of two of pages; 256 KiB when absent. */
  readonly bytesPerCpu?: number;
  /**
   * When the kernel wakes the reader; when a quarter of a buffer is full if absent. `{ records: 1 }` tells
   * of each at once, and costs the program 10 us for each.
   */
  readonly wakeup?: PerfWakeup;
}

/** PerfCounts are a reader's totals. */
export interface PerfCounts {
  /** Records given to the handler, and their bytes with the kernel's padding. */
  readonly records: number;
  readonly bytes: number;
  /** Records there was no room for, as the kernel told: it does when there is room again. */
  readonly lost: number;
  /** Records that had to be copied, because they went over the end of the buffer. */
  readonly wrapped: number;
}

function checkedSize(bytes: number): number {
  const pages = bytes / pageSize();
  if (Number.isInteger(Math.log2(pages)) && pages >= 1) return bytes;
  throw new BpfError("bad-argument", `a perf buffer cannot have ${bytes} bytes`, {
    hint: `give a power of two of pages of ${pageSize()} bytes`,
  });
}

/**
 * PerfBufferReader reads a BPF_MAP_TYPE_PERF_EVENT_ARRAY (4.3), what bpf_perf_event_output() writes to: a
 * buffer for each processor, read in place; only a record that goes over a buffer's end is copied. Records
 * of one processor come in order; between processors there is none. Where the kernel has ring buffers
 * (5.8) those are better: one order, no memory per processor, cheaper wake-ups.
 */
export class PerfBufferReader {
  /** Bytes of all processors' buffers. */
  readonly size: number;
  readonly #map: BpfMap;
  readonly #handler: PerfRecordHandler;
  readonly #buffers: CpuBuffer[] = [];
  /** Processors that the map has the buffer of. */
  readonly #inMap: number[] = [];
  readonly #poller = new Poller();
  #pace: Pace | undefined;
  #current: CpuBuffer | undefined;
  #isLeaving = false;
  #isDraining = false;
  #isOpen = true;

  /**
   * The map stays the caller's and must be open until close(). The length the handler gets is rounded up by
   * the kernel so that 4 more bytes make a multiple of 8.
   */
  constructor(map: BpfMap, handler: PerfRecordHandler, options: PerfBufferOptions = {}) {
    if (map.spec.type !== MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
      throw new BpfError("bad-argument", `map "${map.spec.name}" is not a perf event array`);
    }
    this.#map = map;
    this.#handler = handler;
    const scratch = CpuBuffer.scratch();
    try {
      const bytes = checkedSize(options.bytesPerCpu ?? 256 * 1024);
      const wakeup = options.wakeup ?? { bytes: bytes / 4 };
      for (const cpu of onlineCpus()) {
        const buffer = new CpuBuffer(cpu, bytes, wakeup, scratch);
        this.#buffers.push(buffer);
        map.update(u32Bytes(cpu), u32Bytes(buffer.fd));
        this.#inMap.push(cpu);
        this.#poller.add(buffer.fd);
      }
      this.size = bytes * this.#buffers.length;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** waiting gives the bytes that are in all the buffers. */
  waiting(): number {
    this.#check();
    return this.#buffers.reduce((sum, buffer) => sum + buffer.waiting(), 0);
  }

  /** counts gives the reader's totals. */
  counts(): PerfCounts {
    const sum = { records: 0, bytes: 0, lost: 0, wrapped: 0 };
    for (const { totals } of this.#buffers) {
      sum.records += totals.records;
      sum.bytes += totals.bytes;
      sum.lost += totals.lost;
      sum.wrapped += totals.wrapped;
    }
    return sum;
  }

  /** drain gives up to `limit` records that are there now to the handler, and their number. */
  drain(limit = Number.POSITIVE_INFINITY): number {
    this.#check();
    if (this.#isDraining) throw new BpfError("bad-argument", "drain() was called from its own handler");
    this.#isDraining = true;
    let records = 0;
    try {
      for (const buffer of this.#buffers) {
        if (!this.#isOpen || this.#isLeaving || records >= limit) break;
        this.#current = buffer;
        records += buffer.drain(this.#handler, limit - records);
      }
    } finally {
      this.#isDraining = false;
      this.#isLeaving = false;
    }
    return records;
  }

  /** leave is for handlers that have no room: it ends the drain, and the record is given again. */
  leave(): void {
    this.#isLeaving = true;
    this.#current?.leave();
  }

  /** wait blocks this thread until the kernel wakes it or the time is over. For workers. */
  wait(milliseconds: number): boolean {
    this.#check();
    return this.#poller.wait(milliseconds);
  }

  /** start looks by itself until stop(), as RingBufferReader.start() does. */
  start(timer: RingTimer = {}, drained?: () => void): void {
    this.#check();
    this.#pace?.close();
    const look = (): number => {
      const before = this.waiting();
      this.drain();
      return before;
    };
    const source = { look, size: this.size, ...(drained !== undefined && { drained }) };
    this.#pace = new Pace(source, (readable) => watchReadable(this.#poller.fd, readable), timer);
    this.#pace.start();
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

  /** close takes the buffers out of the map and lets go of their memory. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#pace?.close();
    this.#poller.close();
    try {
      for (const cpu of this.#inMap) this.#map.delete(u32Bytes(cpu));
    } finally {
      for (const buffer of this.#buffers) buffer.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(): void {
    if (!this.#isOpen)
      throw new BpfError("closed", `the reader of "${this.#map.spec.name}" was used after close()`);
  }
}
