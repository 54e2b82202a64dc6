import { severityOf } from "./severity.js";

/** LevelColumn is what a stream's lines have shown: whether a level stands behind their time without a sign that it is one. */
export interface LevelColumn {
  /** followers are the words behind what is hardly anything but a level; a few of them are enough. */
  readonly followers: Set<string>;
  /** hasOthers: a line had something else behind its time. */
  hasOthers: boolean;
}

/** newLevelColumn has seen no line. */
export const newLevelColumn = (): LevelColumn => ({ followers: new Set(), hasOthers: false });

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
const oneSpace = /^[A-Za-z]+ (\S+)/;
// Hardly a sentence begins with these,
const sure = /^(?:info|debug|warn)$/i;
// unless they are part of its subject: "debug mode is on".
const compound =
  /^(?:mode|level|levels|logs?|logger|logging|messages?|output|port|server|endpoints?|page|build|flag|option|symbols|session|handler|is|was)\b/i;
// and many do with these, also where others have a level.
const plain = /^(?:log|note|fine)$/i;
// So many sure levels before different words make a column of a stream that has other lines, too: another logger's.
const enough = 3;

/**
 * levelAt reads a level. In brackets or in capitals it always is one. Else "error" may be the message's first word: it is a level
 * with a sign behind it; and behind a line's time, where `column` is given, once the stream's lines have shown that it is a column there.
 */
export function levelAt(text: string, column: LevelColumn | undefined): LevelWord | undefined {
  const [whole = "", word = ""] = bracketed.exec(text) ?? bare.exec(text) ?? [];
  const severity = severityOf(word);
  if (severity === 0) {
    const found = channelLevel(text);
    if (column !== undefined && found === undefined) column.hasOthers = true;
    return found;
  }
  const isLevel = text[0] === "[" || /^[A-Z]+$/.test(word) || isSigned(text, word, column);
  return isLevel ? { severity, word, message: text.slice(whole.length) } : undefined;
}

function isSigned(text: string, word: string, column: LevelColumn | undefined): boolean {
  // Without a time: "Error: " is an exception's as often as a line's, "note: " a compiler's, "panic: " Go's own with a trace behind it.
  if (column === undefined) return colon.test(text) && !plain.test(word) && word !== "panic";
  if (sign.test(text)) return true;
  const [, follower = ""] = oneSpace.exec(text) ?? [];
  if (plain.test(word) || follower === "") return false;
  const isSure = sure.test(word) && !compound.test(follower);
  if (isSure && column.followers.size < enough) column.followers.add(follower);
  return isSure || isColumn(column);
}

/** isColumn: nothing but levels from the first line on, or many of them. */
const isColumn = ({ followers, hasOthers }: LevelColumn): boolean =>
  followers.size >= (hasOthers ? enough : 1);

function channelLevel(text: string): LevelWord | undefined {
  const [whole = "", name = "", word = ""] = channel.exec(text) ?? [];
  const severity = severityOf(word);
  return severity === 0 ? undefined : { severity, word, message: `${name}: ${text.slice(whole.length)}` };
}
