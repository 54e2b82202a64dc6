import { Buffer } from "node:buffer";

/** socketPath is the path of a Unix socket as it was bound; one that is no file has an "@" in place of its first byte, as in /proc/net/unix. */
export function socketPath(memory: Uint8Array, start: number, length: number): string {
  if (length === 0) return "";
  const isFile = memory[start] !== 0;
  let end = start + length;
  if (isFile) for (end = start; end < start + length && memory[end] !== 0; ) end++;
  const from = isFile ? start : start + 1;
  const text = Buffer.from(memory.buffer, memory.byteOffset + from, end - from).toString("utf8");
  return isFile ? text : `@${text}`;
}
