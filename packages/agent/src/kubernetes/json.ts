/** Json is a value out of JSON or YAML of which nothing is known yet. */
export type Json = unknown;

/** member gives what lies at a path of names; undefined where something on the way is no object. */
export function member(value: Json, ...path: readonly string[]): Json {
  let found: unknown = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = new Map<string, unknown>(Object.entries(found)).get(name);
  }
  return found;
}

/** text gives the text at a path, "" where there is none. */
export function text(value: Json, ...path: readonly string[]): string {
  const found = member(value, ...path);
  return typeof found === "string" ? found : "";
}

/** list gives the elements at a path, none where there is no list. */
export function list(value: Json, ...path: readonly string[]): readonly Json[] {
  const found = member(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** texts gives the members at a path that are texts: labels, annotations. */
export function texts(value: Json, ...path: readonly string[]): Map<string, string> {
  const found = member(value, ...path);
  const all = new Map<string, string>();
  if (typeof found !== "object" || found === null) return all;
  for (const [name, each] of Object.entries(found)) if (typeof each === "string") all.set(name, each);
  return all;
}
