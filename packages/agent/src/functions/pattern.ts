import { AgentError } from "../errors.js";

/** FunctionPattern is what `--func` names: functions by their names, or a line of a source file. */
export type FunctionPattern =
  | { readonly kind: "name"; readonly text: string; readonly exact: boolean; matches(name: string): boolean }
  | { readonly kind: "line"; readonly text: string; readonly file: string; readonly line: number };

/**
 * parsePattern reads `main.(*Store).Get`, `main.*` (a star stands for anything), `github.com/acme/shop/...` (a package
 * and those below it) or `file.go:123`. Throws AgentError "bad-pattern".
 */
export function parsePattern(text: string): FunctionPattern {
  const place = /^(.+\.[A-Za-z]{1,4}):(\d+)$/.exec(text);
  if (place !== null) {
    const line = Number(place[2]);
    if (line < 1 || line > 0xffffff) throw refuse(text, "no such line");
    return { kind: "line", text, file: place[1] ?? "", line };
  }
  if (text.trim() === "" || text.length > 1024) throw refuse(text, "it names nothing");
  if (text.endsWith("/...")) {
    const start = text.slice(0, -4);
    return {
      kind: "name",
      text,
      exact: false,
      matches: (name) => name.startsWith(start) && (name[start.length] === "." || name[start.length] === "/"),
    };
  }
  // Go writes (*T) into names: the star of a method's receiver is one of the name itself.
  const parts = text.split(/(?<!\()\*/);
  if (parts.length === 1) return { kind: "name", text, exact: true, matches: (name) => name === text };
  if (parts.every((part) => part === "")) throw refuse(text, "it names every function");
  return { kind: "name", text, exact: false, matches: (name) => matchesParts(name, parts) };
}

/** matchesParts looks for the parts in their order, the first at the start and the last at the end. */
function matchesParts(name: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? "";
  const last = parts[parts.length - 1] ?? "";
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

/** withoutTypes is a generic function's name as its source has it: `main.(*Box[int]).Set` is `main.(*Box).Set`. */
export function withoutTypes(name: string): string {
  if (!name.includes("[")) return name;
  let depth = 0;
  let bare = "";
  for (const letter of name) {
    if (letter === "[") depth++;
    if (depth === 0) bare += letter;
    if (letter === "]") depth--;
  }
  return bare;
}

const mostNear = 3;

/** nearestNames are functions with the last name of what was asked for: first those of which most other words are the same, too. */
export function nearestNames(
  text: string,
  functions: { readonly count: number; name(index: number): string },
): string[] {
  const wordsOf = (name: string): string[] => name.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const wanted = wordsOf(text);
  const last = wanted.at(-1);
  const found = new Map<string, number>();
  for (let i = 0; last !== undefined && i < functions.count; i++) {
    const name = withoutTypes(functions.name(i));
    if (!name.toLowerCase().includes(last)) continue;
    const words = wordsOf(name);
    if (words.at(-1) === last) found.set(name, wanted.filter((word) => words.includes(word)).length);
  }
  return [...found]
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostNear)
    .map(([name]) => name);
}

function refuse(text: string, why: string): AgentError {
  return new AgentError("bad-pattern", `the function pattern ${JSON.stringify(text)}: ${why}`, {
    hint: "for example 'main.(*Store).Get', 'main.*', 'github.com/acme/shop/...' or store.go:42",
  });
}
