import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { FormatPiece } from "./script.js";

const conversion = /^%([-+ 0#]*)(\d*)(?:\.(\d+))?(?:hh|h|ll|l|j|z|t)?([a-zA-Z])/;

const letters: Readonly<Record<string, (FormatPiece & { kind: "conversion" })["letter"]>> = {
  d: "d",
  i: "d",
  u: "u",
  x: "x",
  X: "X",
  o: "o",
  c: "c",
  p: "p",
  s: "s",
};

/** parseFormat takes a printf format apart; conversions that are not there are reported. */
export function parseFormat(format: string, at: Range, report: Reporter): FormatPiece[] {
  const pieces: FormatPiece[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") pieces.push({ kind: "plain", text: plain });
    plain = "";
  };
  for (let i = 0; i < format.length; ) {
    if (format[i] !== "%") {
      plain += format[i++];
      continue;
    }
    if (format[i + 1] === "%") {
      plain += "%";
      i += 2;
      continue;
    }
    const match = conversion.exec(format.slice(i, i + 64));
    const letter = match?.[4] === undefined ? undefined : letters[match[4]];
    if (match === null || letter === undefined) {
      const shown = match?.[0] ?? format.slice(i, i + 2);
      report.error(
        "bad-call",
        at,
        `printf has no conversion "${shown}"`,
        "known are %d %i %u %x %X %o %c %p %s, with flags, width and l, and %%",
      );
      return pieces;
    }
    flush();
    const [whole, flags = "", width = "", precision] = match;
    pieces.push({
      kind: "conversion",
      flags,
      width: width === "" ? undefined : Math.min(Number(width), 1000),
      precision: precision === undefined ? undefined : Math.min(Number(precision), 1000),
      letter,
    });
    i += whole.length;
  }
  flush();
  return pieces;
}
