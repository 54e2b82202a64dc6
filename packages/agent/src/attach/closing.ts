/** Closing closes links of processes that ended, one by one: taking a uprobe out waits for the kernel, 20 to 100 ms here. */
export interface Closing {
  /** later closes soon; nobody is there any more who could hit the probe. */
  later(pid: number, close: () => void): void;
  /** now closes what waits for a process: its number is somebody's again. */
  now(pid: number): void;
  /** close closes all that waits. */
  close(): void;
}

const everyMs = 200;

/** newClosing has nothing to close; its timer keeps no process alive. */
export function newClosing(): Closing {
  let waiting: { readonly pid: number; readonly close: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    waiting.shift()?.close();
    timer = waiting.length === 0 ? undefined : setTimeout(next, everyMs).unref();
  };
  return {
    later(pid, close) {
      waiting.push({ pid, close });
      timer ??= setTimeout(next, everyMs).unref();
    },
    now(pid) {
      for (const each of waiting) if (each.pid === pid) each.close();
      waiting = waiting.filter((each) => each.pid !== pid);
    },
    close() {
      clearTimeout(timer);
      for (const each of waiting) each.close();
      waiting = [];
    },
  };
}
