/** WrittenPiece is a part of what one call has written: `total` bytes, of which it begins at `at`. */
export interface WrittenPiece {
  readonly at: number;
  readonly total: number;
  readonly bytes: Uint8Array;
}

/** CutLine takes a line without its end, and how many bytes that nobody told belong there. */
export type CutLine = (text: string, missing: number) => void;

/** LineCutter makes lines of what one goroutine or thread writes to a stream, cut at any byte. */
export interface LineCutter {
  take(piece: WrittenPiece, out: CutLine): void;
  /** holds says whether a line has begun that has no end yet. */
  holds(): boolean;
  /** rest gives what is held still: nothing came for a while. */
  rest(out: CutLine): void;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** newLineCutter gives lines of up to `limit` bytes; what is longer is cut between characters. */
export function newLineCutter(limit: number): LineCutter {
  let held: Buffer = empty;
  // Of the call whose pieces came last: where its next one begins, and where it ends.
  let next = 0;
  let end = 0;
  let missing = 0;

  const give = (bytes: Buffer, out: CutLine): void => {
    const lost = missing;
    missing = 0;
    const length = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length;
    out(bytes.toString("utf8", 0, length), lost);
  };
  const giveHeld = (out: CutLine): void => {
    const bytes = held;
    held = empty;
    if (bytes.length > 0) give(bytes, out);
  };

  return {
    take({ at, total, bytes }, out) {
      const isSame = next < end && total === end && at >= next;
      const gap = isSame ? at - next : end - next + at;
      if (gap > 0) {
        // A line that lacks its end must not go on with another's.
        missing += gap;
        giveHeld(out);
      }
      next = at + bytes.length;
      end = total;
      const all = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes]);
      let from = 0;
      for (let to = all.indexOf(newline, held.length); to >= 0; to = all.indexOf(newline, from)) {
        give(all.subarray(from, to), out);
        from = to + 1;
      }
      held = all.subarray(from);
      if (held.length <= limit) return;
      const whole = wholeCharacters(held);
      give(held.subarray(0, whole), out);
      held = held.subarray(whole);
    },
    holds: () => held.length > 0 || next < end,
    rest(out) {
      missing += end - next;
      next = end;
      giveHeld(out);
    },
  };
}

const empty = Buffer.alloc(0);

/** wholeCharacters is how long the text is without a character of UTF-8 that is cut at its end. */
function wholeCharacters(bytes: Uint8Array): number {
  let start = bytes.length - 1;
  while (start > 0 && start > bytes.length - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  const lead = bytes[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start > 0 && start + length > bytes.length ? start : bytes.length;
}
