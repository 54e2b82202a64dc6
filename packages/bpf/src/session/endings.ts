/** Ending is why a process ends while sessions are open. */
export type Ending = "exit" | "signal";

/** What is to be closed when the process ends. */
export interface Endable {
  /** Signals at which it wants to be closed. */
  readonly signals: readonly NodeJS.Signals[];
  end(ending: Ending): void;
}

// One listener for all sessions: Node warns of more than ten.
const open = new Set<Endable>();
const listeners = new Map<NodeJS.Signals, () => void>();

function onExit(): void {
  for (const one of [...open]) one.end("exit");
}

function onSignal(signal: NodeJS.Signals): void {
  // Who else listens decides whether the process ends; then its exit closes the sessions.
  if (process.listenerCount(signal) > 1) return;
  for (const one of [...open]) if (one.signals.includes(signal)) one.end("signal");
  removeListener(signal);
  // Without a listener the signal does what it does to any process, and the parent sees that.
  process.kill(process.pid, signal);
}

function removeListener(signal: NodeJS.Signals): void {
  const listener = listeners.get(signal);
  if (listener !== undefined) process.off(signal, listener);
  listeners.delete(signal);
}

/** endWithProcess has a session closed at the process's exit and at its signals; the answer takes that back. */
export function endWithProcess(one: Endable): () => void {
  if (open.size === 0) process.on("exit", onExit);
  open.add(one);
  for (const signal of one.signals) {
    if (listeners.has(signal)) continue;
    const listener = (): void => onSignal(signal);
    listeners.set(signal, listener);
    process.on(signal, listener);
  }
  return () => {
    if (!open.delete(one)) return;
    if (open.size === 0) process.off("exit", onExit);
    for (const signal of one.signals) {
      if (![...open].some(({ signals }) => signals.includes(signal))) removeListener(signal);
    }
  };
}
