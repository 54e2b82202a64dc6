import type { ServerResponse } from "node:http";
import type { ArrivedEvent, StatusAnswer } from "../api/types.js";
import { ServerError } from "../errors.js";

/** Arrivals are the items that can be queried so far, by signal: a page that asks again because of them finds them. */
export interface Arrivals {
  readonly traces: number;
  readonly logs: number;
  readonly metrics: number;
}

/** LiveStream sends what is new to every page that listens. */
export interface LiveStream {
  /** attach answers GET /api/v1/stream and keeps the answer open. Throws "too-many" or "shutting-down". */
  attach(response: ServerResponse): void;
  /** close ends every open answer. */
  close(): void;
  [Symbol.dispose](): void;
}

const arrivedMs = 500;
const statusEvery = 4;
// Proxies cut connections that say nothing for 60 s and less.
const aliveEvery = 30;
// A browser opens at most six connections to one host with HTTP/1.1, so this is dozens of windows.
const mostPages = 200;

/**
 * createLiveStream watches the counters while somebody listens (and has no timer while nobody does): "arrived" at most every 500 ms,
 * "status" every 2 s. A page that does not read is not waited for: it misses events, which hold no history, and loses nothing.
 */
export function createLiveStream(status: () => StatusAnswer, arrivals: () => Arrivals): LiveStream {
  const pages = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | undefined;
  let seen = arrivals();
  let tick = 0;
  let closed = false;
  const send = (page: ServerResponse, text: string) => {
    if (!page.writableNeedDrain) page.write(text);
  };
  const beat = () => {
    tick++;
    const now = arrivals();
    const fresh = now.traces + now.logs + now.metrics - seen.traces - seen.logs - seen.metrics;
    const parts: string[] = [];
    if (fresh > 0) parts.push(arrivedText(seen, now));
    if (tick % statusEvery === 0) parts.push(`event: status\ndata: ${JSON.stringify(status())}\n\n`);
    if (tick % aliveEvery === 0) parts.push(": alive\n\n");
    seen = now;
    if (parts.length > 0) for (const page of pages) send(page, parts.join(""));
  };
  const detach = (page: ServerResponse) => {
    pages.delete(page);
    if (pages.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const close = () => {
    closed = true;
    for (const page of [...pages]) {
      detach(page);
      page.end();
    }
  };
  return {
    attach(response) {
      if (closed) throw new ServerError("shutting-down", "the server is stopping", { retryAfterSeconds: 5 });
      if (pages.size >= mostPages)
        throw new ServerError("too-many", `${mostPages} pages listen already`, {
          hint: "close some of them",
          retryAfterSeconds: 10,
        });
      response.writeHead(200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      });
      response.write(`retry: 2000\n\nevent: status\ndata: ${JSON.stringify(status())}\n\n`);
      response.on("close", () => detach(response));
      pages.add(response);
      if (timer !== undefined) return;
      seen = arrivals();
      timer = setInterval(beat, arrivedMs);
      timer.unref();
    },
    close,
    [Symbol.dispose]: close,
  };
}

function arrivedText(before: Arrivals, now: Arrivals): string {
  const data: ArrivedEvent = {
    now_ms: Date.now(),
    spans: now.traces - before.traces,
    logs: now.logs - before.logs,
    metrics: now.metrics - before.metrics,
  };
  return `event: arrived\ndata: ${JSON.stringify(data)}\n\n`;
}
