import { Agent, request } from "node:http";

/** Signal is one of OTLP/HTTP's paths, or the one for spans as docs/fused-otlp.md has them. */
export type Signal = "traces" | "logs" | "metrics" | "profiles" | "fused";

/** ExporterOptions are the exporter's choices. */
export interface ExporterOptions {
  /** url is the base address of an OTLP/HTTP receiver, such as http://127.0.0.1:4318. */
  readonly url: string;
  /** token goes with every request, as Authorization: Bearer. */
  readonly token?: string | undefined;
  /** maxBytesWaiting bounds the memory of what the receiver has not taken yet; beyond it the oldest is dropped. */
  readonly maxBytesWaiting?: number;
  /** onProblem hears once when the receiver stops taking, and once when it takes again (empty text). */
  readonly onProblem?: (problem: string) => void;
}

/** ExporterStats counts what happened to what was handed over. */
export interface ExporterStats {
  readonly sentItems: number;
  readonly sentBytes: number;
  readonly waitingBytes: number;
  /** dropped counts items by reason: "queue-full", "refused", "receiver-rejected", "closed". */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Exporter sends OTLP requests in order of arrival, several at once, and repeats what may be repeated. */
export interface Exporter {
  /**
   * send takes one encoded request that holds `items` spans, records or points. It never blocks and never throws. The
   * body must not change until `done` is called, sent or dropped; without it, never.
   */
  send(signal: Signal, body: Uint8Array, items: number, done?: () => void): void;
  stats(): ExporterStats;
  /** close waits until all is sent, at most `timeoutMs`; what is left then is counted as dropped. */
  close(timeoutMs?: number): Promise<void>;
}

interface Waiting {
  readonly signal: Signal;
  readonly body: Uint8Array;
  readonly items: number;
  readonly done: (() => void) | undefined;
  attempts: number;
}

// The OTLP specification's retryable statuses (opentelemetry.io/docs/specs/otlp, "Retryable Response Codes").
const retryable = new Set([429, 502, 503, 504]);
const concurrent = 4;
const standardWaitingBytes = 64 << 20;
// Delays double from here to there, with a random part so that many agents do not come back at once.
const backoff = { firstMs: 100, mostMs: 5000 } as const;
const requestTimeoutMs = 30_000;
// What a request gets on a connection that was kept open, when its other end closes it in that moment.
const closedMeanwhile: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);

/** pathOf: OTLP's profiles are not stable yet, and their path says so. */
const pathOf = (signal: Signal): string =>
  signal === "profiles" ? "/v1development/profiles" : `/v1/${signal}`;

/** openExporter makes an exporter; it opens connections when there is something to send. */
export function openExporter(options: ExporterOptions): Exporter {
  const base = new URL(options.url);
  const urls = new Map<Signal, URL>();
  const urlOf = (signal: Signal): URL => {
    const url = urls.get(signal) ?? new URL(pathOf(signal), base);
    urls.set(signal, url);
    return url;
  };
  const pool = new Agent({ keepAlive: true, maxSockets: concurrent });
  const limit = options.maxBytesWaiting ?? standardWaitingBytes;
  const { token } = options;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const queue: Waiting[] = [];
  const dropped: Record<string, number> = {};
  let waitingBytes = 0;
  let inFlight = 0;
  let sentItems = 0;
  let sentBytes = 0;
  let pausedUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let problem = "";
  let closed = false;
  let idle: (() => void) | undefined;

  const drop = (reason: string, items: number): void => {
    dropped[reason] = (dropped[reason] ?? 0) + items;
  };

  const tell = (text: string): void => {
    if (text === problem) return;
    // One line when it starts and one when it ends: a receiver that is away for an hour is one problem.
    const report = problem === "" || text === "";
    problem = text;
    if (report) options.onProblem?.(text);
  };

  const take = (): void => {
    const wait = pausedUntil - Date.now();
    if (wait > 0) {
      timer ??= setTimeout(() => {
        timer = undefined;
        take();
      }, wait);
      return;
    }
    while (inFlight < concurrent && queue.length > 0) {
      const next = queue.shift();
      if (next !== undefined) post(next);
    }
    if (inFlight === 0 && queue.length === 0) idle?.();
  };

  const done = (item: Waiting): void => {
    waitingBytes -= item.body.length;
    item.done?.();
    inFlight--;
    take();
  };

  const again = (item: Waiting, reason: string, afterMs: number | undefined): void => {
    item.attempts++;
    const delay = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(10, item.attempts));
    pausedUntil = Date.now() + (afterMs ?? delay * (0.5 + Math.random() / 2));
    tell(reason);
    inFlight--;
    queue.unshift(item);
    take();
  };

  /** atOnce sends again what met a connection that its receiver was just closing for being idle: no problem of anybody's. */
  const atOnce = (item: Waiting): void => {
    item.attempts++;
    inFlight--;
    queue.unshift(item);
    take();
  };

  const post = (item: Waiting): void => {
    inFlight++;
    let settled = false;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      finish();
    };
    const call = request(
      urlOf(item.signal),
      {
        method: "POST",
        agent: pool,
        timeout: requestTimeoutMs,
        headers: {
          "content-type": "application/x-protobuf",
          "content-length": item.body.length,
          ...authorization,
        },
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        response.once("end", () =>
          settle(() => {
            if (status >= 200 && status < 300) {
              tell("");
              sentItems += item.items;
              sentBytes += item.body.length;
              done(item);
            } else if (retryable.has(status)) {
              const after = Number(response.headers["retry-after"]);
              again(
                item,
                `${base.origin} answers ${status}`,
                Number.isFinite(after) ? after * 1000 : undefined,
              );
            } else {
              tell(`${base.origin} refuses ${item.signal} with ${status}`);
              drop("refused", item.items);
              done(item);
            }
          }),
        );
        response.once("error", (error) => settle(() => again(item, error.message, undefined)));
      },
    );
    call.once("timeout", () => call.destroy(new Error(`no answer in ${requestTimeoutMs / 1000} s`)));
    call.once("error", (error: NodeJS.ErrnoException) =>
      settle(() => {
        if (call.reusedSocket && item.attempts === 0 && closedMeanwhile.has(error.code ?? "")) atOnce(item);
        else again(item, `cannot send to ${base.origin}: ${error.message}`, undefined);
      }),
    );
    call.end(item.body);
  };

  return {
    send(signal, body, items, done) {
      if (closed) {
        drop("closed", items);
        done?.();
        return;
      }
      queue.push({ signal, body, items, done, attempts: 0 });
      waitingBytes += body.length;
      while (waitingBytes > limit && queue.length > 1) {
        const oldest = queue.shift();
        if (oldest === undefined) break;
        waitingBytes -= oldest.body.length;
        drop("queue-full", oldest.items);
        oldest.done?.();
      }
      take();
    },
    stats: () => ({ sentItems, sentBytes, waitingBytes, dropped: { ...dropped } }),
    async close(timeoutMs = 5000) {
      closed = true;
      if (inFlight > 0 || queue.length > 0) {
        let giveUp: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          idle = resolve;
          giveUp = setTimeout(resolve, timeoutMs);
        });
        clearTimeout(giveUp);
      }
      for (const item of queue.splice(0)) drop("closed", item.items);
      clearTimeout(timer);
      pool.destroy();
    },
  };
}
