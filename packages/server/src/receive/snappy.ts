/*
 * Snappy's block format (format_description.txt of google/snappy). Written here since the decoder at hand did not check what it
 * read: found by scripts/fuzz-requests.mjs, 614 bytes kept it busy for ten seconds.
 */

/** SnappyError says why bytes are not taken as Snappy; `tooLarge` for what would pass the limit. */
export class SnappyError extends Error {
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge = false) {
    super(message);
    this.name = "SnappyError";
    this.tooLarge = tooLarge;
  }
}

const literal = 0;
const copyByte = 1;
const copyWord = 2;
// A copy of three bytes gives 64 at most: a length that is more than that many times the input's is none.
const growthMost = 22;

/** unsnappy decompresses one block to at most `limit` bytes; throws SnappyError. */
export function unsnappy(bytes: Uint8Array, limit: number): Buffer {
  const [length, start] = lengthOf(bytes);
  if (length > limit) throw new SnappyError(`${length} bytes, ${limit} are taken`, true);
  if (length > growthMost * bytes.length)
    throw new SnappyError(`${bytes.length} bytes cannot stand for ${length}`);
  const out = Buffer.allocUnsafe(length);
  let at = start;
  let end = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const kind = tag & 3;
    const extra =
      kind === literal ? Math.max(0, (tag >> 2) - 59) : kind === copyByte ? 1 : kind === copyWord ? 2 : 4;
    if (at + extra >= bytes.length && extra > 0)
      throw new SnappyError(`the element at byte ${at} is cut off`);
    const number = littleEndian(bytes, at + 1, extra);
    const next = at + 1 + extra;
    if (kind === literal) {
      const count = (extra === 0 ? tag >> 2 : number) + 1;
      if (count > bytes.length - next) throw new SnappyError(`the literal at byte ${at} is cut off`);
      requireRoom(count, length - end, at);
      out.set(bytes.subarray(next, next + count), end);
      at = next + count;
      end += count;
      continue;
    }
    const count = kind === copyByte ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === copyByte ? ((tag >> 5) << 8) | number : number;
    if (offset === 0 || offset > end)
      throw new SnappyError(`the copy at byte ${at} goes back ${offset} of ${end} bytes`);
    requireRoom(count, length - end, at);
    // Byte by byte: a copy may reach into what it makes.
    for (const to = end + count; end < to; end++) out[end] = out[end - offset] ?? 0;
    at = next;
  }
  if (end !== length) throw new SnappyError(`${end} bytes instead of the ${length} that it begins with`);
  return out;
}

function requireRoom(count: number, room: number, at: number): void {
  if (count > room)
    throw new SnappyError(`the element at byte ${at} goes beyond the length that it begins with`);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/** lengthOf reads the uncompressed length, a varint of 32 bits, and where the elements begin. */
function lengthOf(bytes: Uint8Array): readonly [length: number, next: number] {
  let length = 0;
  for (let i = 0; i < 5 && i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    if (length > 0xffff_ffff) break;
    return [length, i + 1];
  }
  throw new SnappyError("it does not begin with a length");
}
