// Grammar of https://www.w3.org/TR/trace-context-2/#tracestate-header; level 2 keys (a digit may come first) hold for both levels.
const KEY = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z0-9][a-z0-9_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MAX_MEMBERS = 32;

/** TraceStateEntry is one vendor's entry. */
export interface TraceStateEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * parseTracestate reads a `tracestate` header (several headers: joined by commas). The specification lets a receiver
 * drop a broken list as a whole; we do so: a bad entry, a key twice or more than 32 entries give undefined.
 */
export function parseTracestate(header: string): readonly TraceStateEntry[] | undefined {
  const entries: TraceStateEntry[] = [];
  const seen = new Set<string>();
  for (const part of header.split(",")) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(0, equals));
    const value = member.slice(equals + 1);
    if (!KEY.test(key) || !VALUE.test(value) || seen.has(key)) return undefined;
    seen.add(key);
    entries.push({ key, value });
    if (entries.length > MAX_MEMBERS) return undefined;
  }
  return entries;
}

/** formatTracestate writes the header; entries beyond the 32nd (the oldest) are left out. */
export function formatTracestate(entries: readonly TraceStateEntry[]): string {
  return entries
    .slice(0, MAX_MEMBERS)
    .map(({ key, value }) => `${key}=${value}`)
    .join(",");
}

/** updateTracestate puts one's own entry first and removes the older one of the same key, as the specification asks. */
export function updateTracestate(
  entries: readonly TraceStateEntry[],
  entry: TraceStateEntry,
): readonly TraceStateEntry[] {
  return [entry, ...entries.filter(({ key }) => key !== entry.key)].slice(0, MAX_MEMBERS);
}
