import { toNumber } from "../query/rows.js";
import type { Tree } from "./tree.js";

/** texts reads a column of texts. */
export function texts(column: readonly unknown[] | undefined): string[] {
  return (column ?? []).map(String);
}

/** numbersOf reads a column of numbers, also of those that the engine quotes. */
export function numbersOf(column: readonly unknown[] | undefined): number[] {
  return (column ?? []).map(toNumber);
}

// 12 digits of nanoseconds are 16 minutes and an exact number.
const tail = 12;

/** offsetsFrom gives how many nanoseconds texts of Unix nanoseconds lie behind the first; without BigInt where the front is the same. */
export function offsetsFrom(starts: readonly string[]): number[] {
  const origin = starts[0] ?? "0";
  const front = origin.slice(0, -tail);
  const rest = Number(origin.slice(-tail));
  return starts.map((nanos) =>
    nanos.length === origin.length && nanos.startsWith(front)
      ? Number(nanos.slice(-tail)) - rest
      : Number(BigInt(nanos) - BigInt(origin)),
  );
}

/** inOrder gives a column's values in a tree's order. */
export function inOrder<T>(tree: Tree, values: readonly T[]): T[] {
  const picked: T[] = [];
  for (const row of tree.order) {
    const value = values[row];
    if (value !== undefined) picked.push(value);
  }
  return picked;
}

/** dictionary gives each word of a column once, and the column as indexes of them. */
export function dictionary(column: readonly unknown[] | undefined): {
  readonly words: readonly string[];
  readonly indexes: readonly number[];
} {
  const known = new Map<string, number>();
  const indexes = texts(column).map((word) => {
    const found = known.get(word) ?? known.size;
    known.set(word, found);
    return found;
  });
  return { words: [...known.keys()], indexes };
}
