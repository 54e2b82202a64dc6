// Memcached's text protocols, classic and meta (protocol.txt of its sources).

import { latin1 } from "../text.js";

/** Line is a command's or an answer's first line. */
export interface Line {
  readonly words: readonly string[];
  /** length is the line's with its line feed, total that of the data behind it too. */
  readonly length: number;
  readonly total: number;
}

// 250 bytes of key, a hundred keys in one get; longer lines are cut.
const longestLine = 2048;
// Memcached's largest item (-I) is 1 GiB.
const largestItem = 2 ** 30;
const stores = new Set(["set", "add", "replace", "append", "prepend", "cas"]);
const commands = new Set(
  (
    "get gets gat gats set add replace append prepend cas delete incr decr touch mg ms md ma me mn stats version flush_all " +
    "verbosity quit cache_memlimit slabs lru lru_crawler watch shutdown refresh_certs"
  ).split(" "),
);
const answers = new Set(
  (
    "VALUE END STORED NOT_STORED EXISTS NOT_FOUND DELETED TOUCHED OK VERSION ERROR CLIENT_ERROR SERVER_ERROR STAT RESET BUSY " +
    "HD VA EN NF NS EX MN ME"
  ).split(" "),
);

/** isCommand says whether a word is a command's. */
export const isCommand = (word: string): boolean => commands.has(word);

/** isStore says whether a command has data behind its line. */
const isStore = (word: string): boolean => stores.has(word);

/** readLine reads the line at `start`: undefined when it is none of this direction's, total 0 when more bytes are needed. */
export function readLine(bytes: Uint8Array, start: number, end: number, isAnswer: boolean): Line | undefined {
  const stop = Math.min(end, start + longestLine);
  let at = start;
  while (at < stop && bytes[at] !== 10) at++;
  const isWhole = at < stop;
  if (!isWhole && end - start >= longestLine) return undefined;
  const words = latin1(bytes, start, at).trimEnd().split(" ", 12);
  const first = words[0];
  const isKnown = isAnswer ? answers.has(first) || /^\d{1,20}$/.test(first) : commands.has(first);
  if (!isWhole) {
    // An unknown command is answered too, with ERROR; an unknown answer is none.
    const may = isAnswer && (words.length > 1 || end - start > 14) ? isKnown : /^[\x21-\x7e]*$/.test(first);
    return may ? { words, length: 0, total: 0 } : undefined;
  }
  if (!isKnown)
    return isAnswer || !/^[\x21-\x7e]+$/.test(first)
      ? undefined
      : { words, length: at + 1 - start, total: at + 1 - start };
  const length = at + 1 - start;
  const size = dataSize(words, isAnswer);
  if (size < 0) return { words, length, total: length };
  return size > largestItem ? undefined : { words, length, total: length + size + 2 };
}

/** dataSize gives the length of the data behind a line, -1 when there is none. */
function dataSize(words: readonly string[], isAnswer: boolean): number {
  const text = isAnswer
    ? words[0] === "VALUE"
      ? words[3]
      : words[0] === "VA"
        ? words[1]
        : undefined
    : isStore(words[0])
      ? words[4]
      : words[0] === "ms"
        ? words[2]
        : undefined;
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : -1;
}

/** isKnownLine says whether a write begins with a command, or an answer. */
export function isKnownLine(bytes: Uint8Array, start: number, end: number, isAnswer: boolean): boolean {
  const line = readLine(bytes, start, end, isAnswer);
  return line !== undefined && line.total > 0 && (isAnswer ? answers : commands).has(line.words[0]);
}
