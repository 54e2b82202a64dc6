import { ServerError } from "../errors.js";
import type { FilterNode } from "../filter/ast.js";
import { parseFilter } from "../filter/parse.js";
import type { Range } from "./types.js";

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
// Int64 nanoseconds end in 2262; a range is kept inside so that no query overflows.
const lastMs = 9_200_000_000_000;

function bad(message: string, hint: string): ServerError {
  return new ServerError("bad-parameter", message, { hint });
}

/** timeOf reads a point in time: Unix ms, RFC 3339, `now`, `now-15m`. Throws "bad-parameter". */
export function timeOf(name: string, text: string, nowMs: number): number {
  const relative = /^now(?:([+-])(\d{1,9}(?:\.\d+)?)(s|m|h|d|w))?$/.exec(text);
  const unit = unitMs[relative?.[3] ?? ""] ?? 0;
  const parsed = relative
    ? nowMs + (relative[1] === "-" ? -1 : 1) * Number(relative[2] ?? 0) * unit
    : /^-?\d{1,14}(?:\.\d+)?$/.test(text)
      ? Number(text)
      : /^\d{4}-\d\d-\d\dT/.test(text)
        ? Date.parse(text)
        : Number.NaN;
  if (parsed >= 0 && parsed <= lastMs) return Math.round(parsed);
  throw bad(
    `${name}=${text.slice(0, 60)} is no time`,
    "use Unix milliseconds, RFC 3339, now or now-1h (s, m, h, d, w)",
  );
}

/** rangeOf reads `from` and `to`; the default is the last hour. */
export function rangeOf(search: URLSearchParams, nowMs: number): Range {
  const to_ms = timeOf("to", search.get("to") || "now", nowMs);
  const from_ms = timeOf("from", search.get("from") || "now-1h", nowMs);
  if (from_ms < to_ms) return { from_ms, to_ms };
  throw bad("from is not before to", "swap them, or leave one out");
}

/** limitOf reads a number between 1 and `most`. */
export function limitOf(search: URLSearchParams, usual: number, most: number, name = "limit"): number {
  const text = search.get(name);
  if (text === null || text === "") return usual;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= most) return limit;
  throw bad(`${name}=${text.slice(0, 60)} is not possible`, `use a whole number from 1 to ${most}`);
}

/** signalOf reads `signal`: traces (the default) or logs. */
export function signalOf(search: URLSearchParams): "traces" | "logs" {
  const text = search.get("signal") ?? "traces";
  if (text === "traces" || text === "logs") return text;
  throw bad(`signal=${text.slice(0, 60)} has no filter`, "use traces or logs");
}

/** oneOf reads a parameter with few possible values, of which the first is the default. */
export function oneOf<T extends string>(
  search: URLSearchParams,
  name: string,
  values: readonly [T, ...T[]],
): T {
  const text = search.get(name) ?? "";
  if (text === "") return values[0];
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw bad(`${name}=${text.slice(0, 60)} is not possible`, `use ${values.join(" or ")}`);
}

/** filterOf reads `filter`. Throws "bad-filter" with the position of the mistake. */
export function filterOf(search: URLSearchParams): FilterNode {
  return parseFilter(search.get("filter") ?? "");
}

/** hexOf reads an id of an address: hexadecimal of a certain length, in any case. Throws "not-found". */
export function hexOf(what: string, text: string, digits: number): string {
  if (text.length === digits && /^[0-9a-f]+$/i.test(text)) return text.toLowerCase();
  throw new ServerError("not-found", `${text.slice(0, 60)} is no ${what}`, {
    hint: `a ${what} has ${digits} hexadecimal digits`,
  });
}
