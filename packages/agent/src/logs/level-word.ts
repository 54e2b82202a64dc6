import { severityOf } from "./severity.js";

/** LevelColumn is what a stream's lines have shown: whether a level stands behind their time without a sign that it is one. */
export interface LevelColumn {
  isSeen: boolean;
}

/** newLevelColumn has seen no line. */
export const newLevelColumn = (): LevelColumn => ({ isSeen: false });

/** LevelWord is a level at the front of a text. */
export interface LevelWord {
  readonly severity: number;
  readonly word: string;
  /** message is what is left without it. */
  readonly message: string;
}

// What divides a level from the message: "ERROR: ", "INFO] ", "WARN  - ", "DEBUG    | ".
const divider = String.raw`[\]:]*(?:\s+[|-]+(?=\s))?\s*`;
const bracketed = new RegExp(String.raw`^\[(?:\w+:)?([A-Za-z]{3,9})\s*\]${divider}`);
const bare = new RegExp(String.raw`^([A-Za-z]{3,9})(?=[\s:\]-]|$)${divider}`);
// Monolog's: the channel and the level, "app.ERROR: ".
const channel = /^([\w-]{1,40})\.([A-Z]{4,9}): /;
// Behind a level and no message's first word: a colon, a bracket, a tab, a column that is filled up, a line.
const sign = /^[A-Za-z]+(?::(?:\s|$)|\]|\t|\s{2,}|\s[|-]\s|\s\[)/;
const colon = /^[a-z]+: /;
const oneSpace = /^[A-Za-z]+ \S/;
// Hardly a sentence begins with these,
const sure = /^(?:info|debug|warn)$/i;
// and many do with these, also where others have a level.
const plain = /^(?:log|note|fine)$/i;

/**
 * levelAt reads a level. In brackets or in capitals it always is one. Else "error" may be the message's first word: it is a level
 * with a sign behind it; and behind a line's time, where `column` is given, once a line of the stream had "info" there.
 */
export function levelAt(text: string, column: LevelColumn | undefined): LevelWord | undefined {
  const [whole = "", word = ""] = bracketed.exec(text) ?? bare.exec(text) ?? [];
  const severity = severityOf(word);
  if (severity === 0) return channelLevel(text);
  const isLevel = text[0] === "[" || /^[A-Z]+$/.test(word) || isSigned(text, word, column);
  return isLevel ? { severity, word, message: text.slice(whole.length) } : undefined;
}

function isSigned(text: string, word: string, column: LevelColumn | undefined): boolean {
  // Without a time: "Error: " is an exception's as often as a line's, "note: " a compiler's, "panic: " Go's own with a trace behind it.
  if (column === undefined) return colon.test(text) && !plain.test(word) && word !== "panic";
  if (sign.test(text)) return true;
  if (plain.test(word) || !oneSpace.test(text)) return false;
  if (sure.test(word)) column.isSeen = true;
  return column.isSeen;
}

function channelLevel(text: string): LevelWord | undefined {
  const [whole = "", name = "", word = ""] = channel.exec(text) ?? [];
  const severity = severityOf(word);
  return severity === 0 ? undefined : { severity, word, message: `${name}: ${text.slice(whole.length)}` };
}
