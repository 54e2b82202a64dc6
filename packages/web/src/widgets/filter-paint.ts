import type { FilterPlace } from "@go3s/server";

// Colours for the filter's text only. What a filter means is the server's parser's to say; this never judges.

/** Piece is a stretch of the filter's text with its look. */
export interface Piece {
  readonly text: string;
  readonly look: string;
}

const token =
  /("(?:[^"\\]|\\.)*"?)|(\b(?:OR|AND|NOT)\b|[()]|(?<![^\s(])-)|([\p{L}\p{N}_.]+)(?=:)|(:[<>]?=?)/gu;

/** pieces cuts a filter's text for painting and marks the place of a mistake; the pieces joined are the text. */
export function pieces(text: string, mistake?: FilterPlace): readonly Piece[] {
  const looks: string[] = new Array<string>(text.length).fill("");
  for (const found of text.matchAll(token)) {
    const look = found[1] !== undefined ? "quoted" : found[3] !== undefined ? "key" : "sign";
    looks.fill(look, found.index, found.index + found[0].length);
  }
  let shown = text;
  if (mistake !== undefined) {
    // A mistake at the end of the text is marked on a space that is not there.
    if (mistake.start >= text.length) {
      shown = `${text} `;
      looks.push("mistake");
    } else looks.fill("mistake", mistake.start, Math.max(mistake.end, mistake.start + 1));
  }
  const list: Piece[] = [];
  let start = 0;
  for (let at = 1; at <= shown.length; at++) {
    if (at < shown.length && looks[at] === looks[start]) continue;
    list.push({ text: shown.slice(start, at), look: looks[start] ?? "" });
    start = at;
  }
  return list;
}
