/** BufferPool lends buffers for request bodies, which live only until they are decoded, so that no request allocates its own. */
export interface BufferPool {
  /** lend gives a buffer of at least `size` bytes with unspecified content. */
  lend(size: number): Buffer;
  /** giveBack takes a buffer that nothing refers to any more. */
  giveBack(buffer: Buffer): void;
}

// Sizes are powers of two from 64 KiB (a socket's chunk) up; 32 MiB kept idle is what 128 clients of 256 KiB need.
const smallest = 16;
const keepBytes = 32 << 20;

/** createBufferPool returns a pool that keeps at most 32 MiB of idle buffers. */
export function createBufferPool(): BufferPool {
  const free: Buffer[][] = Array.from({ length: 33 }, () => []);
  let kept = 0;
  const shelf = (size: number) => Math.max(smallest, 32 - Math.clz32(Math.max(1, size) - 1));
  return {
    lend(size) {
      const found = free[shelf(size)]?.pop();
      if (!found) return Buffer.allocUnsafeSlow(2 ** shelf(size));
      kept -= found.length;
      return found;
    },
    giveBack(buffer) {
      if (kept + buffer.length > keepBytes) return;
      kept += buffer.length;
      free[shelf(buffer.length)]?.push(buffer);
    },
  };
}
