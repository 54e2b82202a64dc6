/** Part is one of a probe's parts, those between its colons. */
export interface Part {
  /** text without quotes. */
  readonly text: string;
  /** tail is what stands behind quotes: the `+8` of `"operator+"+8`. */
  readonly tail: string;
  readonly quoted: boolean;
}

/** Point is an attach point taken apart. */
export interface Point {
  /** kind is the first part as it is written. */
  readonly kind: string;
  readonly parts: readonly Part[];
  /** written is all of it, with its parameters filled in. */
  readonly written: string;
}

const escaped = /\\(["\\])/g;

function partOf(written: string): Part {
  const quoted = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(written);
  if (quoted === null)
    return { text: written.replace(/"((?:[^"\\]|\\.)*)"/g, "$1"), tail: "", quoted: false };
  return { text: (quoted[1] ?? "").replace(escaped, "$1"), tail: quoted[2] ?? "", quoted: true };
}

/** readPoint takes an attach point apart at its colons; those in quotes are none. `$1` stands for a parameter. */
export function readPoint(text: string, parameters: readonly string[]): Point {
  // A name and "=" may stand in front; it means nothing yet.
  const written = text
    .replace(/\$(\d+)/g, (_, index: string) => parameters[Number(index) - 1] ?? "")
    .replace(/^\w+=(?=\w)/, "");
  const pieces: string[] = [];
  let piece = "";
  for (const [token] of written.matchAll(/"(?:[^"\\]|\\.)*"|[^:]|:/gs)) {
    if (token === ":") {
      pieces.push(piece);
      piece = "";
    } else piece += token;
  }
  pieces.push(piece);
  const [kind = "", ...rest] = pieces;
  return { kind, parts: rest.map(partOf), written };
}
