import { type FoundContexts, findContexts, type PythonContexts } from "./context-sites.js";

/** PythonWatch follows asyncio in the processes of CPython that load it, which they do some time after they have begun. */
export interface PythonWatch {
  watch(pid: number): void;
  unwatch(pid: number): void;
  /** look looks again at those that have not loaded it yet, rarer and rarer. */
  look(nowMs: number): void;
}

/** PythonWatchOptions are what a PythonWatch needs from around it. */
export interface PythonWatchOptions {
  /** follow attaches to a process; it gives what cannot be had. */
  readonly follow: (pid: number, contexts: PythonContexts) => readonly string[];
  /** onLost hears, once for a process, why asyncio's tasks stay unknown there. */
  readonly onLost?: (pid: number, lost: readonly string[]) => void;
  readonly find?: (pid: number) => FoundContexts;
}

interface Waiting {
  due: number;
  pause: number;
}

// A service imports its libraries in its first seconds; a script may do it at any time.
const firstPauseMs = 250;
const longestPauseMs = 30_000;

/** newPythonWatch watches nobody yet. */
export function newPythonWatch({ follow, onLost, find = findContexts }: PythonWatchOptions): PythonWatch {
  const waiting = new Map<number, Waiting>();

  const tryNow = (pid: number): void => {
    const found = find(pid);
    if (found === "later") return;
    waiting.delete(pid);
    const lost = "lost" in found ? [found.lost] : follow(pid, found);
    if (lost.length > 0) onLost?.(pid, lost);
  };

  return {
    watch(pid) {
      waiting.set(pid, { due: 0, pause: firstPauseMs });
      tryNow(pid);
    },
    unwatch: (pid) => void waiting.delete(pid),
    look(nowMs) {
      for (const [pid, wait] of waiting) {
        if (nowMs < wait.due) continue;
        wait.due = nowMs + wait.pause;
        wait.pause = Math.min(longestPauseMs, wait.pause * 2);
        tryNow(pid);
      }
    },
  };
}
