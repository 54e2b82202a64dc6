import { isWord, nameOf, type SqlToken } from "./tokens.js";

/** Part is a run of solid tokens: from `start` to before `end`, numbers of the solid list. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Solid are a statement's tokens without space, with their numbers. */
export interface Solid {
  readonly tokens: readonly SqlToken[];
  /** places gives each one's number among all tokens. */
  readonly places: readonly number[];
}

const CLAUSES = [
  "WHERE",
  "PREWHERE",
  "GROUP",
  "ORDER",
  "LIMIT",
  "HAVING",
  "WINDOW",
  "QUALIFY",
  "UNION",
  "EXCEPT",
  "INTERSECT",
  "SETTINGS",
  "FORMAT",
  "INTO",
  "OFFSET",
];
/** solidOf takes a statement's space away. */
export function solidOf(all: readonly SqlToken[]): Solid {
  const places = all.flatMap((token, i) => (token.kind === "space" ? [] : [i]));
  return { places, tokens: places.flatMap((place) => all[place] ?? []) };
}

/** isSign tells whether a token is a certain sign. */
export const isSign = (token: SqlToken | undefined, text: string): boolean =>
  token?.kind === "sign" && token.text === text;

/** selects finds the tokens of each SELECT, without its parentheses: between a SELECT and the end of what surrounds it. */
export function selects({ tokens }: Solid): Part[] {
  const found: Part[] = [];
  for (const [start, token] of tokens.entries()) {
    if (!isWord(token, "SELECT")) continue;
    let depth = 0;
    let end = start + 1;
    for (; end < tokens.length; end++) {
      if (isSign(tokens[end], "(")) depth++;
      else if (isSign(tokens[end], ")") && --depth < 0) break;
      else if (depth === 0 && isWord(tokens[end], "UNION", "EXCEPT", "INTERSECT")) break;
    }
    found.push({ start, end });
  }
  return found;
}

/** topLevel gives the numbers of a part's tokens that stand in no parentheses of it. */
export function topLevel({ tokens }: Solid, { start, end }: Part): number[] {
  const found: number[] = [];
  let depth = 0;
  for (let i = start; i < end; i++) {
    if (isSign(tokens[i], ")")) depth--;
    if (depth === 0) found.push(i);
    if (isSign(tokens[i], "(")) depth++;
  }
  return found;
}

/** clause gives what stands behind a SELECT's word, up to its next clause. */
export function clause(solid: Solid, select: Part, word: string): Part | undefined {
  const top = topLevel(solid, { start: select.start + 1, end: select.end });
  const at = top.find((i) => isWord(solid.tokens[i], word));
  if (at === undefined) return undefined;
  const end = top.find((i) => i > at && isWord(solid.tokens[i], ...CLAUSES)) ?? select.end;
  return isSign(solid.tokens[end - 1], ";") ? { start: at + 1, end: end - 1 } : { start: at + 1, end };
}

/** hasWord tells whether one of some words stands in a part, outside of parentheses. */
export function hasWord(solid: Solid, part: Part, words: readonly string[]): boolean {
  return topLevel(solid, part).some((i) => isWord(solid.tokens[i], ...words));
}

/** conjuncts parts a condition at its ANDs; undefined where an OR, XOR or ? stands at the top, which AND would bind into. */
export function conjuncts(solid: Solid, part: Part): Part[] | undefined {
  const { tokens } = solid;
  const found: Part[] = [];
  let start = part.start;
  let between = false;
  for (const i of topLevel(solid, part)) {
    const token = tokens[i];
    if (isWord(token, "OR", "XOR", "NOT", "CASE") || isSign(token, "?")) return undefined;
    if (isWord(token, "BETWEEN")) between = true;
    if (!isWord(token, "AND")) continue;
    if (between) {
      between = false;
      continue;
    }
    found.push({ start, end: i });
    start = i + 1;
  }
  found.push({ start, end: part.end });
  return found;
}

/** columnAt reads `table.column`. */
export function columnAt(
  tokens: readonly SqlToken[],
  i: number,
): { table: string; column: string } | undefined {
  if (!isSign(tokens[i + 1], ".") || isSign(tokens[i + 3], ".") || isSign(tokens[i + 3], "("))
    return undefined;
  const [table, column] = [nameOf(tokens[i]), nameOf(tokens[i + 2])];
  return table === "" || column === "" ? undefined : { table, column };
}
