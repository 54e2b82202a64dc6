/** distance counts the letters to change, add, drop or swap to make one word of another; it stops above `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** nearest finds the name that was probably meant: alike but for case, a few letters, or cut short. */
export function nearest(wanted: string, names: Iterable<string>): string | undefined {
  const lower = wanted.toLowerCase().replaceAll("_", "");
  const most = lower.length < 3 ? 0 : lower.length < 5 ? 1 : lower.length < 9 ? 2 : 3;
  let best: string | undefined;
  let least = most + 1;
  for (const name of names) {
    if (name === "" || name === wanted) continue;
    const plain = name.toLowerCase().replaceAll("_", "");
    const own = plain === lower ? 0 : distance(lower, plain, most);
    if (own < least) {
      best = name;
      least = own;
    }
  }
  return best;
}

/** didYouMean is a hint that names the nearest name, or all when there are few. */
export function didYouMean(wanted: string, names: Iterable<string>, most = 12): string | undefined {
  const all = [...names].filter((name) => name !== "");
  const found = nearest(wanted, all);
  if (found !== undefined) return `did you mean ${found}?`;
  return all.length > 0 && all.length <= most ? `it has ${all.join(", ")}` : undefined;
}
