import { readFileSync } from "node:fs";
import { SPAN_WEIGHT } from "@go3s/store";

const texts = new Map<string, string>();

/** statement reads a .sql file beside this one, or `folder/name` of another folder of src, once; `name` is one of ours, never a user's text. */
export function statement(name: string): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  // Compiled files lie in dist/query; the SQL stays in src/query.
  const path = name.includes("/") ? name : `query/${name}`;
  const text = readFileSync(new URL(`../../src/${path}.sql`, import.meta.url), "utf8");
  texts.set(name, text);
  return text;
}

/** withFilter puts a compiled filter's condition into a statement's $filter$, and for how many spans one stands into its $weight$. */
export function withFilter(text: string, condition: string): string {
  return text.replaceAll("$filter$", () => `(${condition})`).replaceAll("$weight$", () => SPAN_WEIGHT);
}
