/** glob makes a pattern of `*`, `?` and `[abc]`. */
export function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".")
    .replace(/\[!/g, "[^");
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    // An open bracket is one.
    return new RegExp(`^${source.replace(/[[\]]/g, "\\$&")}$`, "s");
  }
}

/** isGlob tells whether a name is a pattern. */
export const isGlob = (name: string): boolean => /[*?]|\[[^\]]+\]/.test(name);

/** near gives the names that differ least, for a hint. */
export function near(name: string, known: readonly string[]): string[] {
  const grams = (text: string): Set<string> =>
    new Set(Array.from({ length: Math.max(0, text.length - 2) }, (_, i) => text.slice(i, i + 3)));
  const own = grams(name);
  const ranked = known.map((each) => {
    const other = grams(each);
    let shared = 0;
    for (const gram of own) if (other.has(gram)) shared++;
    return { each, score: (2 * shared) / (own.size + other.size || 1) };
  });
  return ranked
    .filter(({ score }) => score > 0.3)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ each }) => each);
}
