import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** ServingThreads knows which request each thread serves, in programs whose threads serve one at a time (docs/protocols.md). */
export interface ServingThreads {
  /** began hears that a thread has read a request that its process is to answer. */
  began(tgid: number, tid: number, exchange: number): void;
  /** servedBy gives the exchange that a thread serves; 0 when there is none, or it may be one of several. */
  servedBy(tgid: number, tid: number): number;
  /** isAlone says whether a thread has had one request at a time until now. */
  isAlone(tgid: number, tid: number): boolean;
  processExited(tgid: number): void;
}

/** ServingThreadsOptions are what is needed from around it. */
export interface ServingThreadsOptions {
  /** isUnanswered says whether an exchange is a request that a process has not begun to answer. */
  readonly isUnanswered: (exchange: number, tgid: number) => boolean;
  /** mayServe says whether a thread may be one that serves a request at a time; asked once for each. */
  readonly mayServe?: (tgid: number, tid: number) => boolean;
}

interface Thread {
  readonly tgid: number;
  exchange: number;
  /** isShared: it has had two requests at once, as event loops have, so that nobody knows what it does for which. */
  isShared: boolean;
}

// Threads of pools that come and go; the one that began to serve first is forgotten first.
const limit = 16_384;

/** newServingThreads makes one that has seen no thread. */
export function newServingThreads(options: ServingThreadsOptions): ServingThreads {
  const threads = new Map<number, Thread>();
  const mayServe = options.mayServe ?? servesOneAtATime;

  return {
    began(tgid, tid, exchange) {
      const known = threads.get(tid);
      if (known === undefined || known.tgid !== tgid) {
        threads.delete(tid);
        for (const oldest of threads.keys()) {
          if (threads.size < limit) break;
          threads.delete(oldest);
        }
        threads.set(tid, { tgid, exchange, isShared: !mayServe(tgid, tid) });
        return;
      }
      if (known.exchange !== exchange && options.isUnanswered(known.exchange, tgid)) known.isShared = true;
      known.exchange = exchange;
    },
    servedBy(tgid, tid) {
      const thread = threads.get(tid);
      if (thread === undefined || thread.isShared || thread.tgid !== tgid) return 0;
      return options.isUnanswered(thread.exchange, tgid) ? thread.exchange : 0;
    },
    isAlone(tgid, tid) {
      const thread = threads.get(tid);
      return thread?.tgid === tgid && !thread.isShared;
    },
    processExited(tgid) {
      for (const [tid, thread] of threads) if (thread.tgid === tgid) threads.delete(tid);
    },
  };
}

// What Netty, Reactor, Vert.x, Undertow and Akka call the threads of their loops; the kernel keeps 15 letters.
const loopName = /event-?loop|nioEvent|netty|reactor-|vert\.x-ev|vertx|^XNIO-\d+ I|dispatcher/i;

/**
 * servesOneAtATime looks at a thread: one that is called as event loops' are serves many, and so does a main thread where something waits
 * by epoll (asyncio, uvloop, gevent); servers with a thread or a process for each request do that by others, or not at all.
 */
export function servesOneAtATime(tgid: number, tid: number, proc = "/proc"): boolean {
  const folder = `${proc}/${tgid}`;
  if (tid !== tgid) return !loopName.test(nameOf(`${folder}/task/${tid}`));
  try {
    return !readdirSync(`${folder}/fd`).some((fd) => isEpoll(`${folder}/fd/${fd}`));
  } catch {
    // It has ended.
    return false;
  }
}

/** nameOf is a thread's name; "" for one that has ended, as those do that were there for one connection. */
function nameOf(folder: string): string {
  try {
    return readFileSync(`${folder}/comm`, "utf8");
  } catch {
    return "";
  }
}

function isEpoll(path: string): boolean {
  try {
    return readlinkSync(path) === "anon_inode:[eventpoll]";
  } catch {
    // A descriptor that was closed meanwhile.
    return false;
  }
}
