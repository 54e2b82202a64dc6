import { Worker } from "node:worker_threads";
import { BpfError } from "../errors.js";
import { Descriptor } from "../kernel/fd.js";
import type { BpfMap } from "../maps/map.js";
import type { RingTimer } from "./pace.js";
import type { RecordHandler, RingCounts } from "./reader.js";

/** RingHandler is what a handler module does with the records, in the worker. */
export interface RingHandler {
  readonly record: RecordHandler;
  /** Called after each look that found records: the place to hand on what was gathered. */
  drained?(): void;
  /** Called once, after the last record. */
  close?(): void;
}

/** RingWorkerContext is what the handler module's createHandler() gets. */
export interface RingWorkerContext {
  /** What startRingWorker() was given as `data`. */
  readonly data: unknown;
  /** post sends a message to `onMessage` of the thread that started the worker. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

/** CreateRingHandler is the function that a handler module exports as `createHandler`. */
export type CreateRingHandler = (context: RingWorkerContext) => RingHandler | Promise<RingHandler>;

/** RingWorkerOptions say what the worker runs. */
export interface RingWorkerOptions {
  /** The handler module, which exports `createHandler` (see CreateRingHandler). */
  readonly module: URL;
  readonly data?: unknown;
  readonly timer?: Omit<RingTimer, "asleep">;
  onMessage?(message: unknown): void;
}

/** RingWorker is a reader in a thread of its own. */
export interface RingWorker {
  /** counts asks for the reader's totals. */
  counts(): Promise<RingCounts>;
  /** Fulfilled when the worker has ended, rejected with the error that ended it. */
  readonly ended: Promise<void>;
  /** close lets it read what is there, closes the handler and waits for the end; twice is harmless. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** WorkerStart is what the worker gets. */
export interface WorkerStart {
  readonly fd: number;
  readonly spec: BpfMap["spec"];
  readonly module: string;
  readonly data: unknown;
  readonly timer: Omit<RingTimer, "asleep">;
}

interface Asked {
  resolve(counts: RingCounts): void;
  reject(error: BpfError): void;
}

/** WorkerAnswer is what the worker sends. */
export type WorkerAnswer =
  | { readonly kind: "ready" | "closed" }
  | { readonly kind: "message"; readonly value: unknown }
  | { readonly kind: "counts"; readonly counts: RingCounts };

/**
 * startRingWorker reads a ring buffer in a worker thread of its own, so that the records cost the main
 * thread nothing. It resolves once the worker reads. A worker costs about 5 MB. Throws what the module
 * throws, and BpfError `bad-argument` when it exports no createHandler.
 */
export async function startRingWorker(map: BpfMap, options: RingWorkerOptions): Promise<RingWorker> {
  // The worker's own descriptor, so that the caller may close the map at any time.
  const descriptor = Descriptor.duplicate(map.fd, `ring buffer "${map.spec.name}"`);
  const start: WorkerStart = {
    fd: descriptor.number,
    spec: map.spec,
    module: options.module.href,
    data: options.data,
    timer: options.timer ?? {},
  };
  const worker = new Worker(new URL("./worker-entry.js", import.meta.url), { workerData: start });
  const asked: Asked[] = [];
  let failure: unknown;
  let isOver = false;
  let lastCounts: RingCounts | undefined;
  const answerLast = ({ resolve, reject }: Asked): void => {
    if (lastCounts !== undefined) resolve(lastCounts);
    else reject(new BpfError("closed", "the reader's worker has ended"));
  };
  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: WorkerAnswer) => {
      if (answer.kind === "ready") resolve();
      else if (answer.kind === "message") options.onMessage?.(answer.value);
      else if (answer.kind === "counts") {
        lastCounts = answer.counts;
        asked.shift()?.resolve(answer.counts);
      }
    });
    worker.on("error", (error) => {
      failure = error;
    });
    worker.on("exit", () => reject(failure ?? new BpfError("closed", "the worker ended while it began")));
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on("exit", () => {
      isOver = true;
      descriptor.close();
      for (const one of asked.splice(0)) answerLast(one);
      if (failure === undefined) resolve();
      else reject(failure);
    });
  });
  // Whoever is interested has the promise; an error nobody asks for must not end the process twice.
  ended.catch(() => {});
  await ready;
  const close = async (): Promise<void> => {
    if (!isOver) worker.postMessage("close");
    await ended;
  };
  return {
    ended,
    close,
    [Symbol.asyncDispose]: close,
    counts() {
      return new Promise((resolve, reject) => {
        if (isOver) {
          answerLast({ resolve, reject });
          return;
        }
        asked.push({ resolve, reject });
        worker.postMessage("counts");
      });
    },
  };
}
