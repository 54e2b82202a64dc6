/** Gate lets so many through at once; the others wait in the order in which they came. */
export interface Gate {
  /** enter resolves when there is room, or when `signal` is aborted; in both cases leave() must follow. */
  enter(signal: AbortSignal): Promise<void>;
  leave(): void;
}

/** createGate makes a gate for `most` at once. */
export function createGate(most: number): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    enter(signal) {
      if (inside < most || signal.aborted) {
        inside++;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const pass = (): void => {
          signal.removeEventListener("abort", pass);
          const at = waiting.indexOf(pass);
          if (at >= 0) waiting.splice(at, 1);
          inside++;
          resolve();
        };
        signal.addEventListener("abort", pass, { once: true });
        waiting.push(pass);
      });
    },
    leave() {
      inside--;
      // Those who gave up went in beyond the limit.
      if (inside < most) waiting[0]?.();
    },
  };
}
