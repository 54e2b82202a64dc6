import { BpfError } from "../errors.js";
import type { BpfMap } from "../maps/map.js";
import { type PerfBufferOptions, PerfBufferReader } from "../perfbuf/reader.js";
import type { RingTimer } from "../ringbuf/pace.js";
import { RingBufferReader } from "../ringbuf/reader.js";
import { MapType } from "../uapi/map-types.js";
import { EventBatch } from "./batch.js";
import { DropCounters } from "./drops.js";
import { RecordQueue } from "./queue.js";

/** SubscribeOptions say how much may wait, and where drops are counted. */
export interface SubscribeOptions extends PerfBufferOptions {
  /** Bytes of records that may wait for a slow consumer; 1 MiB when absent. */
  readonly queueBytes?: number;
  /** Up to how many bytes the queue may grow when it is over 80 % full; queueBytes when absent. */
  readonly maxQueueBytes?: number;
  /** The map in which the program counts what it had no room for (DropCounters says its form). */
  readonly drops?: BpfMap;
  readonly timer?: RingTimer;
}

/** SubscriptionCounts are a subscription's totals. */
export interface SubscriptionCounts {
  /** Records that went into the queue, and those of them that wait there with their bytes. */
  readonly records: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Bytes the queue may hold now, and how often it grew. */
  readonly limit: number;
  readonly grown: number;
  /** How often reading stopped because the queue was full. */
  readonly stalls: number;
  /** What the program counted as dropped, by its reasons; the first is "no room". */
  readonly dropped: readonly number[];
  /** What the kernel had no room for in perf buffers. */
  readonly lost: number;
}

type Waiter = (result: IteratorResult<EventBatch, undefined>) => void;

interface Source {
  readonly reader: RingBufferReader | PerfBufferReader;
  lost(): number;
}

function sourceOf(
  map: BpfMap,
  options: SubscribeOptions,
  take: (memory: RingBufferReader["memory"], offset: number, length: number, cpu: number) => void,
): Source {
  if (map.spec.type === MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
    const reader = new PerfBufferReader(map, take, options);
    return { reader, lost: () => reader.counts().lost };
  }
  const reader = new RingBufferReader(map, (memory, offset, length) => take(memory, offset, length, 0));
  return { reader, lost: () => 0 };
}

/**
 * Subscription reads a ring buffer or a perf event array for a consumer that may be slow or asynchronous:
 * `for await (const batch of subscription)`. Records are copied once into a bounded queue. When it is full,
 * reading stops: the kernel's buffer fills, and what it has no room for the program counts. When the
 * consumer asks for the next batch, reading goes on. Without a queue: RingBufferReader.
 */
export class Subscription implements AsyncIterableIterator<EventBatch, undefined> {
  readonly #source: Source;
  readonly #queue: RecordQueue;
  readonly #drops: DropCounters | undefined;
  #waiter: Waiter | undefined;
  #records = 0;
  #stalls = 0;
  #told = 0;
  #isStalled = false;
  #isOpen = true;

  /** subscribe() is the usual way to get here. The maps stay the caller's. */
  constructor(map: BpfMap, options: SubscribeOptions = {}) {
    const limit = options.queueBytes ?? 1 << 20;
    if (!(limit > 0)) throw new BpfError("bad-argument", `a queue cannot have ${limit} bytes`);
    this.#queue = new RecordQueue(limit, options.maxQueueBytes ?? limit);
    this.#drops = options.drops === undefined ? undefined : new DropCounters(options.drops);
    this.#source = sourceOf(map, options, (memory, offset, length, cpu) => {
      if (this.#queue.push(memory, offset, length, cpu)) this.#records++;
      else this.#stall();
    });
    this.#source.reader.start(options.timer, () => this.#deliver());
  }

  /**
   * next gives what waits, or waits for it. The batch before is over then. One call at a time, as `for
   * await` makes them.
   */
  next(): Promise<IteratorResult<EventBatch, undefined>> {
    if (this.#waiter !== undefined) {
      return Promise.reject(new BpfError("bad-argument", "a batch is waited for already"));
    }
    return new Promise((resolve) => {
      this.#waiter = resolve;
      if (this.#queue.used > 0) this.#deliver();
      else if (!this.#isOpen) this.#finish();
      if (this.#isStalled && this.#isOpen) {
        this.#isStalled = false;
        this.#source.reader.resume();
      }
    });
  }

  /** run gives each batch to the handler, and waits for what it returns, until close(). */
  async run(handler: (batch: EventBatch) => void | Promise<void>): Promise<void> {
    for await (const batch of this) await handler(batch);
  }

  /** drain takes what the kernel has now into the queue, without waiting for the timer. */
  drain(): void {
    if (!this.#isStalled && this.#isOpen) this.#source.reader.drain();
    if (this.#queue.used > 0) this.#deliver();
  }

  /** counts gives the totals. */
  counts(): SubscriptionCounts {
    const queue = this.#queue;
    return {
      records: this.#records,
      waiting: queue.count,
      waitingBytes: queue.used,
      limit: queue.limit,
      grown: queue.grown,
      stalls: this.#stalls,
      dropped: this.#drops?.read() ?? [],
      lost: this.#source.lost(),
    };
  }

  /** close ends the reading. What waits in the queue can still be taken; then the iteration ends. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drops?.read();
    this.#source.reader.close();
    if (this.#waiter !== undefined) this.#finish();
  }

  /** return ends the subscription: `break` in a loop calls it. */
  return(): Promise<IteratorResult<EventBatch, undefined>> {
    this.close();
    this.#queue.release();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #stall(): void {
    this.#source.reader.leave();
    this.#source.reader.stop();
    this.#isStalled = true;
    this.#stalls++;
  }

  #deliver(): void {
    const waiter = this.#waiter;
    if (waiter === undefined || this.#queue.used === 0) return;
    this.#waiter = undefined;
    const dropped = (this.#drops?.total() ?? 0) + this.#source.lost();
    const batch = new EventBatch(this.#queue.take(), dropped - this.#told);
    this.#told = dropped;
    waiter({ done: false, value: batch });
  }

  #finish(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#queue.release();
    waiter?.({ done: true, value: undefined });
  }
}

/** subscribe begins to read a ring buffer or a perf event array for a consumer of batches. Throws BpfError. */
export function subscribe(map: BpfMap, options: SubscribeOptions = {}): Subscription {
  return new Subscription(map, options);
}
