/** isZero tells whether `length` bytes from `start` are all zero: an id that is none. */
export function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** pushOptionalId appends the id at `at` (-1: none) if it has the right length and is not all zero, else "no id". */
export function pushOptionalId(
  column: { push(bytes: Uint8Array, start: number): void; pushAbsent(): void },
  bytes: Uint8Array,
  at: number,
  length: number,
  wanted: number,
): void {
  if (at < 0 || length !== wanted || isZero(bytes, at, wanted)) column.pushAbsent();
  else column.push(bytes, at);
}

/** MAX_HIGH is the high half of the largest Int64: times beyond it (the year 2262) are set to it. */
export const MAX_HIGH = 0x7fffffff;

/** pushTime appends Unix nanoseconds as Int64; what does not fit becomes the largest. */
export function pushTime(column: { push(lo: number, hi: number): void }, lo: number, hi: number): void {
  if (hi > MAX_HIGH) column.push(0xffffffff, MAX_HIGH);
  else column.push(lo, hi);
}
