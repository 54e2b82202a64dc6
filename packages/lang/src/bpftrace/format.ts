import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { FormatPiece } from "./script.js";

// What no letter stands for: gr are the kernel's page flags, rx and rh are bytes in hex.
const conversion = /^%([-+ 0#]*)(\d*|\*)(?:\.(\d+|\*))?(hh|h|ll|l|j|z|t|L)?(gr|rh|rx|[a-zA-Z])/;

const lengths: Readonly<Record<string, 8 | 16 | 32 | 64>> = { hh: 8, h: 16 };

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
  r: "r",
  rx: "rx",
  rh: "rh",
  gr: "gr",
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
    const letter = match?.[5] === undefined ? undefined : letters[match[5]];
    if (match === null || letter === undefined) {
      const shown = match?.[0] ?? format.slice(i, i + 2);
      report.error(
        "bad-call",
        at,
        `printf has no conversion "${shown}"`,
        "known are %d %i %u %x %X %o %c %p %s %r %rx %rh %gr, with flags, width and l, and %%",
      );
      return pieces;
    }
    flush();
    const [whole, flags = "", width = "", precision, length] = match;
    pieces.push({
      kind: "conversion",
      flags,
      width: width === "" || width === "*" ? undefined : Math.min(Number(width), 1000),
      precision: precision === undefined || precision === "*" ? undefined : Math.min(Number(precision), 1000),
      bits: length === undefined ? 32 : (lengths[length] ?? 64),
      letter,
    });
    i += whole.length;
  }
  flush();
  return pieces;
}
