import { utf8, zeroAt } from "../text.js";

/** AnswerEnd is what an answer's end and its error say. */
export interface AnswerEnd {
  /** returnedRows and affectedRows are -1 when the answer's end counts none. */
  returnedRows: number;
  affectedRows: number;
  /** code is the SQLSTATE of an error, "" when there was none. */
  code: string;
}

// ReadyForQuery, whose last byte is a transaction's state.
const ready = [0x5a, 0, 0, 0, 5] as const;
const readyLength = 6;
// Both windows of a call's end (probes/brief.go3s).
const scratch = new Uint8Array(64);

/**
 * readAnswerEnd reads the last bytes of an answer, bytes[earlier, earlier + earlierLength) and behind them bytes[last, last +
 * lastLength): the CommandComplete in front of ReadyForQuery counts its rows. What is anything else leaves `into` as it is.
 */
export function readAnswerEnd(
  bytes: Uint8Array,
  earlier: number,
  earlierLength: number,
  last: number,
  lastLength: number,
  into: Pick<AnswerEnd, "returnedRows" | "affectedRows">,
): void {
  const length = earlierLength + lastLength;
  if (length < readyLength || length > scratch.length) return;
  for (let i = 0; i < earlierLength; i++) scratch[i] = bytes[earlier + i];
  for (let i = 0; i < lastLength; i++) scratch[earlierLength + i] = bytes[last + i];
  const end = length - readyLength;
  for (let i = 0; i < ready.length; i++) if (scratch[end + i] !== ready[i]) return;
  // The text ends with a zero; in front of it stand digits, behind a space.
  let at = end - 2;
  let rows = 0;
  for (let unit = 1; at >= 0 && isDigit(scratch[at]); at--, unit *= 10) rows += (scratch[at] - 0x30) * unit;
  if (at < 0 || at === end - 2 || scratch[at] !== 0x20 || scratch[end - 1] !== 0) return;
  // A length of less than a space stands in front of the text.
  while (at > 0 && scratch[at - 1] >= 0x20) at--;
  const start = at - 5;
  if (start < 0 || scratch[start] !== 0x43 || scratch[at - 1] !== end - start - 1) return;
  if (scratch[start + 1] !== 0 || scratch[start + 2] !== 0 || scratch[start + 3] !== 0) return;
  if (startsWith(at, "SELECT") || startsWith(at, "FETCH")) into.returnedRows = rows;
  else into.affectedRows = rows;
}

/** readFailure gives the SQLSTATE of an ErrorResponse that begins at `start`, "" where it has none before `end`. */
export function readFailure(bytes: Uint8Array, start: number, end: number): string {
  if (bytes[start] !== 0x45) return "";
  // Fields of a letter and text each.
  for (let at = start + 5; at < end && bytes[at] !== 0; ) {
    const stop = zeroAt(bytes, at + 1, end);
    if (stop < 0) return "";
    if (bytes[at] === 0x43) return utf8(bytes, at + 1, stop);
    at = stop + 1;
  }
  return "";
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function startsWith(at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (scratch[at + i] !== word.charCodeAt(i)) return false;
  return true;
}
