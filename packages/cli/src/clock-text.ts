/** clockText is a moment's time of day in UTC, which its Z says: two people who compare lines may be in different zones. */
export function clockText(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString().slice(11);
}
