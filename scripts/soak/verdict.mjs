// Whether a process's memory grew, from the rows of the soak test.

/**
 * flatness fits a line to a part's memory over the last three quarters: before that caches and heaps fill. Flat is less growth in that time
 * than 5 % of the mean, or 8 MiB. A part that was started again is not flat: its memory says nothing of the one before.
 */
export function flatness(rows, part) {
  const late = rows.slice(Math.floor(rows.length / 4));
  if (late.length < 3) return { flat: true, slope_mib_per_hour: 0, mean_mib: late[0]?.[part].rss_mib ?? 0 };
  const mean = (of) => late.reduce((sum, each) => sum + of(each), 0) / late.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean((each) => each[part].rss_mib)];
  const over = late.reduce((sum, each) => sum + (each.seconds - x) * (each[part].rss_mib - y), 0);
  const under = late.reduce((sum, each) => sum + (each.seconds - x) ** 2, 0);
  const slope = over / under;
  const grown = slope * (late.at(-1).seconds - late[0].seconds);
  const same = new Set(late.map((each) => each[part].pid)).size === 1;
  return {
    flat: same && grown <= Math.max(8, y * 0.05),
    slope_mib_per_hour: Math.round(slope * 36_000) / 10,
    grown_mib: Math.round(grown * 10) / 10,
    mean_mib: Math.round(y * 10) / 10,
  };
}
