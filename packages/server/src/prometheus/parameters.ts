import { PromqlError } from "../promql/errors.js";
import { parseDuration } from "../promql/lex.js";

function bad(name: string, value: string, why: string): PromqlError {
  return new PromqlError("bad_data", `invalid parameter "${name}": ${why}: ${JSON.stringify(value)}`);
}

/** timeParameter reads Unix seconds or RFC 3339 as Unix milliseconds. Throws PromqlError. */
export function timeParameter(search: URLSearchParams, name: string, missing: number | undefined): number {
  const value = search.get(name) ?? "";
  if (value === "") {
    if (missing === undefined) throw bad(name, value, "it is missing");
    return missing;
  }
  const seconds = Number(value);
  const milliseconds = Number.isFinite(seconds) ? Math.round(seconds * 1000) : Date.parse(value);
  if (!Number.isFinite(milliseconds)) throw bad(name, value, "cannot parse to a valid timestamp");
  return milliseconds;
}

/** durationParameter reads seconds or `5m` as milliseconds. Throws PromqlError. */
export function durationParameter(
  search: URLSearchParams,
  name: string,
  missing: number | undefined,
): number {
  const value = search.get(name) ?? "";
  if (value === "") {
    if (missing === undefined) throw bad(name, value, "it is missing");
    return missing;
  }
  const seconds = Number(value);
  const milliseconds = Number.isFinite(seconds) ? Math.round(seconds * 1000) : parseDuration(value);
  if (milliseconds === undefined) throw bad(name, value, "cannot parse to a valid duration");
  return milliseconds;
}

/** limitParameter reads `limit`, 0 for none. Throws PromqlError. */
export function limitParameter(search: URLSearchParams): number {
  const value = search.get("limit") ?? "";
  if (value === "") return 0;
  if (!/^\d+$/.test(value)) throw bad("limit", value, "it must be a whole number");
  return Number(value);
}
