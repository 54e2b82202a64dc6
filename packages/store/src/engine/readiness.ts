import { StoreError } from "../errors.js";

interface Promised {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Readiness is what those wait for who need an engine that is not up. */
export class Readiness {
  #current: Promised = newPromised();

  /** promise settles with the first resolve() or reject() since the last renew(). */
  get promise(): Promise<void> {
    return this.#current.promise;
  }

  resolve(): void {
    this.#current.resolve();
  }

  reject(error: StoreError): void {
    this.#current.reject(error);
  }

  /** renew lets those who come from now on wait anew. */
  renew(): void {
    this.#current = newPromised();
  }

  /** wait resolves when the engine is up, or rejects with `engine-lost` and `why` after `timeout_ms`. */
  async wait(timeout_ms: number, why: () => string | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const cause = why();
        const words = `the engine is not up${cause === undefined ? "" : `: ${cause}`}`;
        reject(new StoreError("engine-lost", words, { hint: "try again in a moment" }));
      }, timeout_ms);
    });
    try {
      await Promise.race([this.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function newPromised(): Promised {
  let resolve = (): void => undefined;
  let reject = (_: StoreError): void => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // A failed restart is told by the next query that waits for it, which may be none.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
