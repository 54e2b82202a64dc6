import { readFileSync } from "node:fs";

const sources = new Map<string, string>();

/** readSource reads, once, a text file that lies in `src/`, for code that runs from `dist/`; `path` is seen from `src/`. */
export function readSource(path: string): string {
  const known = sources.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");
  sources.set(path, text);
  return text;
}

/** quoteText gives a ClickHouse string literal. */
export function quoteText(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/**
 * fillIn puts our own values into the $places$ of a statement or file. It is for what cannot be bound: names,
 * settings, constants. A place without a value is a mistake of ours.
 */
export function fillIn(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\$([a-z_]+)\$/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`no value for ${place}`);
    return String(value);
  });
}

/** statementsOf splits one of our own .sql files at the semicolons that end a line; comments are left out. */
export function statementsOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => !line.trimStart().startsWith("--"))
    .join("\n")
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/** escapeParameter writes a value as the engine reads parameters: like a field of a tab-separated row. */
export function escapeParameter(value: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "\\": "\\\\",
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
    "\0": "\\0",
  };
  return value.replace(/[\\\t\n\r\0]/g, (character) => escapes[character] ?? character);
}
