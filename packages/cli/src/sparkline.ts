const BARS = "▁▂▃▄▅▆▇█";

/** sparkline draws numbers as bars, the largest the highest; nothing is a space. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  return values
    .map((value) => {
      if (value <= 0 || most === 0) return " ";
      return BARS.charAt(Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length)));
    })
    .join("");
}
