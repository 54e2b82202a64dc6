import type { IncomingMessage } from "node:http";

// What is read and thrown away of a refused body, so that the client reads the answer before the connection is reset.
const drainBytes = 64 << 20;
const drainMs = 2_000;

/**
 * drain reads the rest of a refused body and throws it away, within bounds. It resolves with true when the connection can be used
 * again; with false the answer must say "Connection: close". A client that waits for "100 Continue" sends nothing more.
 */
export function drain(request: IncomingMessage): Promise<boolean> {
  if (request.complete) return Promise.resolve(true);
  if (request.headers.expect !== undefined || request.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    let left = drainBytes;
    const finish = (complete: boolean) => {
      clearTimeout(timer);
      request.removeAllListeners("data");
      request.pause();
      resolve(complete);
    };
    const timer = setTimeout(() => finish(false), drainMs);
    request.on("error", () => finish(false));
    request.on("close", () => finish(false));
    request.on("end", () => finish(true));
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) finish(false);
    });
    request.resume();
  });
}
