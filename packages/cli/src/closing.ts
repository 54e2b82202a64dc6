/** Closing collects what has to be closed at the end, last opened first; Node 20 has no AsyncDisposableStack. */
export interface Closing {
  defer(close: () => void | Promise<void>): void;
  /** all closes everything, even when one of them fails; the first failure is thrown at the end. */
  all(): Promise<void>;
}

/** newClosing makes an empty collection. */
export function newClosing(): Closing {
  const steps: (() => void | Promise<void>)[] = [];
  return {
    defer: (close) => void steps.push(close),
    async all() {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
