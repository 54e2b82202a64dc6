import { performance } from "node:perf_hooks";
import type { Watch } from "../kernel/watch.js";

/** RingTimer says how often a started reader looks. Each wake-up costs what is watched, too. */
export interface RingTimer {
  /** Milliseconds between two looks at least; 1 when absent. */
  readonly min?: number;
  /** Milliseconds between two looks at most, while records come; 20 when absent. */
  readonly max?: number;
  /**
   * Milliseconds between two looks while the reader sleeps until a program wakes it; 500 when absent. This
   * is for programs that submit with BPF_RB_NO_WAKEUP; where all of them wake, give Infinity. One look of an
   * idle process costs 0.24 ms in a virtual machine: 500 is 0.05 % of a processor, Infinity none. When a look
   * finds what nobody woke the reader for, it is `max` until somebody does.
   */
  readonly idle?: number;
  /**
   * A global variable of the program (4 bytes, LoadedObject.variable) that is 1 while the reader sleeps and
   * 0 while it looks by itself: a program that submits with BPF_RB_FORCE_WAKEUP or BPF_RB_NO_WAKEUP by it
   * pays for a wake-up only when one is needed. The way for programs that may begin with a flood.
   */
  readonly asleep?: DataView;
  /**
   * The program submits with BPF_RB_NO_WAKEUP and, where bpf_ringbuf_query() says that much waits, with
   * BPF_RB_FORCE_WAKEUP: then a look comes at once, also between two of the timer. Not for programs that
   * leave it to the kernel, which wakes with nearly every record when the reader is fast.
   */
  readonly threshold?: boolean;
}

/** PacedSource is what a pace looks after. */
export interface PacedSource {
  /** look drains what is there, at most about what the buffer holds, and gives the bytes it took. */
  look(): number;
  /** Bytes that the buffer holds. */
  readonly size: number;
  /** Told once after each look that found something. */
  drained?(): void;
}

// A look comes when this part of the buffer is full: the rest is room for timers that are late.
const FILL = 1 / 4;
// After so many looks in a row that find nothing the reader sleeps.
const QUIET_LOOKS = 6;

/**
 * Pace decides when a reader looks. While records come it looks by a timer: every look is a wake-up, so the
 * time between two of them is as long as the buffer takes to fill by a quarter, within the limits. When
 * nothing comes it sleeps until the descriptor is readable: no timer runs but the one of `idle`.
 */
export class Pace {
  readonly #source: PacedSource;
  readonly #watch: Watch;
  readonly #min: number;
  readonly #max: number;
  readonly #idle: number;
  readonly #asleep: DataView | undefined;
  readonly #keepsWatch: boolean;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #isRunning = false;
  #isAsleep = false;
  /** Something came while it slept and did not wake it. */
  #isUnwoken = false;
  #quiet = 0;
  #delay: number;
  #lastLook = 0;

  /** `watch` makes the watch of the descriptor; it is given what to call. The pace closes it. */
  constructor(source: PacedSource, watch: (readable: () => void) => Watch, timer: RingTimer) {
    this.#source = source;
    this.#min = timer.min ?? 1;
    this.#max = Math.max(this.#min, timer.max ?? 20);
    this.#idle = Math.max(this.#max, timer.idle ?? 500);
    this.#asleep = timer.asleep;
    this.#keepsWatch = timer.threshold === true;
    this.#delay = this.#min;
    this.#watch = watch(() => {
      this.#isUnwoken = false;
      this.#awake();
    });
  }

  /** isAsleep tells whether it waits for a program to wake it. */
  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lastLook = performance.now();
    this.#quiet = 0;
    this.#delay = this.#min;
    // What waits already is readable, so the loop's next turn finds it.
    this.#sleep();
  }

  /** stop ends it until the next start(). */
  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#watch.disarm();
    this.#setAsleep(false);
  }

  close(): void {
    this.stop();
    this.#watch.close();
  }

  #awake(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    if (!this.#keepsWatch) this.#watch.disarm();
    this.#setAsleep(false);
    this.#quiet = 0;
    this.#delay = this.#min;
    this.#look();
  }

  readonly #look = (): void => {
    let bytes = 0;
    try {
      bytes = this.#source.look();
      if (bytes > 0) this.#source.drained?.();
    } finally {
      if (this.#isRunning) this.#next(bytes);
    }
  };

  readonly #lookAsleep = (): void => {
    // Awake after this look means that it found what nobody told of.
    this.#look();
    this.#isUnwoken ||= this.#isRunning && !this.#isAsleep;
  };

  #next(bytes: number): void {
    const now = performance.now();
    const passed = Math.max(now - this.#lastLook, 0.01);
    this.#lastLook = now;
    if (bytes === 0) this.#afterNothing();
    else if (this.#isAsleep) this.#awake();
    else this.#afterRecords(bytes, passed);
  }

  #afterNothing(): void {
    this.#quiet++;
    if (this.#isAsleep || this.#quiet >= QUIET_LOOKS) {
      this.#sleep();
      return;
    }
    this.#delay = Math.min(this.#max, this.#delay * 1.5);
    this.#timer = setTimeout(this.#look, this.#delay);
  }

  #afterRecords(bytes: number, passed: number): void {
    this.#quiet = 0;
    const size = this.#source.size;
    if (bytes > size / 2) {
      this.#delay = this.#min;
      this.#soon = setImmediate(this.#look);
      return;
    }
    // At once when it must be faster, slowly when it may be slower: rates jump.
    const fills = (FILL * size * passed) / bytes;
    this.#delay = Math.min(this.#max, Math.max(this.#min, Math.min(fills, this.#delay * 1.5)));
    this.#timer = setTimeout(this.#look, this.#delay);
  }

  #sleep(): void {
    if (!this.#isAsleep) {
      this.#setAsleep(true);
      this.#watch.arm();
      // libuv begins to watch in the loop's next turn. Perf events forget what came before (perf_poll() tells
      // of it once, and that once is epoll_ctl()'s), and a program may have read `asleep` before it was set.
      this.#soon = setImmediate(() => {
        this.#soon = setImmediate(this.#look);
      });
      return;
    }
    const idle = this.#isUnwoken ? this.#max : this.#idle;
    if (Number.isFinite(idle)) this.#timer = setTimeout(this.#lookAsleep, idle);
  }

  #setAsleep(asleep: boolean): void {
    this.#isAsleep = asleep;
    this.#asleep?.setUint32(0, asleep ? 1 : 0, true);
  }
}
