/**
 * Seen remembers what was shown, so that each question may look back a little: what arrives late is shown late, and once.
 * It forgets what is older than any question reaches.
 */
export class Seen {
  readonly #times = new Map<string, number>();

  /** isNew tells whether a key comes for the first time; `time_ms` is when it was. */
  isNew(key: string, time_ms: number): boolean {
    if (this.#times.has(key)) return false;
    this.#times.set(key, time_ms);
    return true;
  }

  /** forget drops what lies before a moment. */
  forget(before_ms: number): void {
    for (const [key, time] of this.#times) if (time < before_ms) this.#times.delete(key);
  }
}
