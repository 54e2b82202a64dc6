/** STREAMED_FORMATS are those whose results may be cut between rows into parts that stand alone. */
const STREAMED_FORMATS: ReadonlySet<string> = new Set([
  "JSONEachRow",
  "JSONLines",
  "NDJSON",
  "JSONStringsEachRow",
  "JSONCompactEachRow",
  "JSONCompactStringsEachRow",
  "CSV",
  "TSV",
  "TabSeparated",
  "TSKV",
  "RowBinary",
  "Native",
]);

/**
 * isStreamed says whether results in this format come in parts while the query runs. The engine formats each
 * part on its own: a format with a head, a foot or aligned columns would repeat them, so it comes in one.
 */
export function isStreamed(format: string): boolean {
  return STREAMED_FORMATS.has(format);
}

/** isFormatName says whether `name` can be the name of a ClickHouse format; the engine knows which exist. */
export function isFormatName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name);
}
