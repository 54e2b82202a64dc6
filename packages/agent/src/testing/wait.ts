/** eventually waits until the check gives something other than undefined or false; fails with `what` after `seconds`. */
export async function eventually<T>(
  what: string,
  check: () => T | undefined | false,
  seconds = 60,
): Promise<T> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const found = check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > until) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
