// RESP cut into units: a line, or a bulk string with its header (https://redis.io/docs/latest/develop/reference/protocol-spec/).

// "$" and a length of at most 512 MiB (proto-max-bulk-len), or an array's or an error's line.
const longestHeader = 24;
const longestLine = 4096;
const longestBulk = 2 ** 30;

export const Sign = {
  simple: 43,
  error: 45,
  number: 58,
  bulk: 36,
  array: 42,
  nil: 95,
  boolean: 35,
  double: 44,
  bigNumber: 40,
  bulkError: 33,
  verbatim: 61,
  map: 37,
  set: 126,
  push: 62,
  attribute: 124,
} as const;

const bulks: ReadonlySet<number> = new Set([Sign.bulk, Sign.bulkError, Sign.verbatim]);
const lists: ReadonlySet<number> = new Set([Sign.array, Sign.map, Sign.set, Sign.push, Sign.attribute]);
const signs: ReadonlySet<number> = new Set(Object.values(Sign));

/** lineEnd gives where the line at `start` ends, behind its line feed; 0 when it is not there. */
export function lineEnd(bytes: Uint8Array, start: number, end: number, limit: number): number {
  const stop = Math.min(end, start + limit);
  for (let i = start; i < stop; i++) if (bytes[i] === 10) return i + 1;
  return 0;
}

/** numberAt reads the whole number behind a sign; NaN when there is none. */
export function numberAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = bytes[at] === 45;
  if (negative) at++;
  let value = 0;
  let digits = 0;
  for (; at < end && bytes[at] >= 48 && bytes[at] <= 57; at++, digits++) value = value * 10 + bytes[at] - 48;
  if (digits === 0 || digits > 15 || bytes[at] !== 13) return Number.NaN;
  return negative ? -value : value;
}

/** unitLength gives a unit's length, 0 when more bytes are needed, -1 when it is none; `inline` allows lines without a sign. */
export function unitLength(bytes: Uint8Array, start: number, end: number, inline: boolean): number {
  if (end <= start) return 0;
  const sign = bytes[start];
  if (!signs.has(sign) && !(inline && isLetter(sign))) return -1;
  const counted = bulks.has(sign) || lists.has(sign);
  const stop = lineEnd(bytes, start, end, counted ? longestHeader : longestLine);
  if (stop === 0) return end - start >= (counted ? longestHeader : longestLine) ? -1 : 0;
  if (!counted) return stop - start;
  const count = numberAt(bytes, start + 1, stop);
  if (!(count >= -1 && count <= longestBulk)) return -1;
  return bulks.has(sign) && count >= 0 ? stop - start + count + 2 : stop - start;
}

/** itemsOf says how many units follow a list's header. */
export function itemsOf(bytes: Uint8Array, start: number, end: number): number {
  const sign = bytes[start];
  if (!lists.has(sign)) return 0;
  const count = Math.max(0, numberAt(bytes, start + 1, end));
  return sign === Sign.map || sign === Sign.attribute ? count * 2 : count;
}

function isLetter(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}
