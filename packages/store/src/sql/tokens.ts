/** SqlToken is a piece of a statement as the engine reads it; `text` is what stands there. */
export interface SqlToken {
  readonly kind: "word" | "name" | "text" | "number" | "sign" | "space";
  readonly text: string;
  readonly at: number;
}

// Comments count as space. Texts: '…' with backslashes and doubled quotes, and $tag$…$tag$. Names: `…` and "…".
const pattern =
  /(?<space>\s+|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^'\\]|\\[\s\S]|'')*'|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)|(?<name>`(?:[^`\\]|\\[\s\S]|``)*`|"(?:[^"\\]|\\[\s\S]|"")*")|(?<word>[A-Za-z_]\w*)|(?<number>\d[\w.]*)|(?<sign>[\s\S])/gy;

/** sqlTokens splits a statement without a gap: put together, the tokens are the text. It never fails. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (const match of sql.matchAll(pattern)) {
    const { groups = {}, index } = match;
    const kind = (["space", "text", "name", "word", "number"] as const).find(
      (each) => groups[each] !== undefined,
    );
    tokens.push({ kind: kind ?? "sign", text: match[0], at: index });
  }
  return tokens;
}

/** nameOf gives the name that a token stands for, "" for what is none. */
export function nameOf(token: SqlToken | undefined): string {
  if (token?.kind === "word") return token.text;
  return token?.kind === "name"
    ? token.text.slice(1, -1).replace(/\\(.)|``|""/g, (two, escaped) => escaped ?? two[0])
    : "";
}

/** isWord tells whether a token is one of some keywords; the engine reads them in any case. */
export function isWord(token: SqlToken | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "word" && words.includes(token.text.toUpperCase());
}
