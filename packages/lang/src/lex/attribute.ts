import type { Attribute } from "./token.js";

/**
 * parseAttribute reads an attribute from the text of a comment (without its slashes) or of an `@` line.
 * `go:` forms only count without a space behind the slashes, as in Go.
 */
export function parseAttribute(text: string, start: number, line: number): Attribute | undefined {
  const at = /^\s*@([A-Za-z_][\w]*)\s*(.*?)\s*$/s.exec(text);
  if (at?.[1] !== undefined) {
    const begin = start + text.indexOf("@");
    const rest = (at[2] ?? "").replace(/^:\s*/, "");
    return { name: at[1], rest, line, start: begin, end: start + text.trimEnd().length };
  }
  const go = /^go:([A-Za-z_]\w*)\s*(.*?)\s*$/s.exec(text);
  if (go?.[1] === undefined) return undefined;
  return { name: `go:${go[1]}`, rest: go[2] ?? "", line, start, end: start + text.trimEnd().length };
}

/** attributeArguments reads `name="x", flags=y` or `name=x name="y"`; words without `=` have the value "". */
export function attributeArguments(rest: string): Map<string, string> {
  const inner = rest.startsWith("(") && rest.endsWith(")") ? rest.slice(1, -1) : rest;
  const found = new Map<string, string>();
  for (const match of inner.matchAll(/([\w.]+)\s*(?:=\s*(?:"([^"]*)"|\[([^\]]*)\]|([^\s,]+)))?/g)) {
    if (match[1] !== undefined) found.set(match[1], match[2] ?? match[3] ?? match[4] ?? "");
  }
  return found;
}
