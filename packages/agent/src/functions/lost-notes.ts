import type { LostValue } from "./capture.js";

/** mostNamed is how many functions are named each with its values; of more only the number is told. */
const mostNamed = 3;

/** lostNotes says for people which values of which functions cannot be read: a line for a function, or one for many. */
export function lostNotes(lost: readonly (LostValue & { readonly fn: string })[]): string[] {
  const byReason = new Map<string, Map<string, string[]>>();
  for (const { fn, name, why } of lost) {
    const byFunction = byReason.get(why) ?? new Map<string, string[]>();
    byReason.set(why, byFunction);
    byFunction.set(fn, [...(byFunction.get(fn) ?? []), name]);
  }
  return [...byReason].flatMap(([why, byFunction]) => {
    const rows = [...byFunction];
    if (rows.length <= mostNamed) return rows.map(([fn, names]) => `${fn}: ${names.join(", ")}: ${why}`);
    const count = rows.reduce((sum, [, names]) => sum + names.length, 0);
    const [fn, names] = rows[0] ?? ["", []];
    return [`${count} values of ${rows.length} functions, such as ${names[0]} of ${fn}: ${why}`];
  });
}
