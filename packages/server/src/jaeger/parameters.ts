import { ServerError } from "../errors.js";
import type { FilterNode, FilterTest } from "../filter/ast.js";
import { durationNs } from "../filter/values.js";

/** Asked is what a search for traces wants. */
export interface Asked {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly limit: number;
  readonly filter: FilterNode;
  /** ids are traces asked for by name; then nothing is searched. */
  readonly ids: readonly string[];
}

const place = { start: 0, end: 0 };
const defaultLimit = 20;
const mostTraces = 1500;
const hourMs = 3_600_000;

/** term makes a condition on a key. */
export function term(key: string, test: FilterTest): FilterNode {
  return { kind: "term", key, test, place };
}

/** equal makes a condition that a key has a value. */
export function equal(key: string, value: string): FilterNode {
  return term(key, { op: "is", pattern: [value] });
}

function bad(message: string, hint: string): ServerError {
  return new ServerError("bad-parameter", message, { hint });
}

/** microsecondsOf reads a time in Unix microseconds as milliseconds. */
function microsecondsOf(search: URLSearchParams, name: string, missing: number): number {
  const value = search.get(name) ?? "";
  if (value === "") return missing;
  const found = Number(value);
  if (!Number.isFinite(found)) throw bad(`${name}=${value} is no time`, "Unix microseconds are expected");
  return found / 1000;
}

/** lookbackMs reads `1h` or `custom`. */
function lookbackMs(search: URLSearchParams): number {
  const value = search.get("lookback") ?? "";
  if (value === "" || value === "custom") return hourMs;
  const days = /^(\d+)d$/.exec(value)?.[1];
  const nanoseconds = days === undefined ? durationNs(value) : Number(days) * 24 * hourMs * 1e6;
  if (nanoseconds === undefined) throw bad(`lookback=${value} is no duration`, "such as 1h");
  return nanoseconds / 1e6;
}

/** searchOf reads what GET /api/traces asks for. Throws "bad-parameter". */
export function searchOf(search: URLSearchParams, nowMs: number): Asked {
  const to_ms = Math.ceil(microsecondsOf(search, "end", nowMs));
  const from_ms = Math.floor(microsecondsOf(search, "start", to_ms - lookbackMs(search)));
  const limit = Number(search.get("limit") || defaultLimit);
  if (!Number.isInteger(limit) || limit < 1)
    throw bad(`limit=${search.get("limit")} is no count`, "such as 20");
  const items: FilterNode[] = [];
  const add = (name: string, key: string): void => {
    const value = search.get(name) ?? "";
    if (value !== "") items.push(equal(key, value));
  };
  add("service", "service");
  add("operation", "operation");
  const least = durationText(search, "minDuration");
  if (least !== undefined) items.push(term("duration", { op: "compare", sign: ">=", text: least }));
  const most = durationText(search, "maxDuration");
  if (most !== undefined) items.push(term("duration", { op: "compare", sign: "<=", text: most }));
  for (const [key, value] of tagsOf(search)) items.push(tag(key, value));
  return {
    from_ms,
    to_ms,
    limit: Math.min(limit, mostTraces),
    filter: items.length === 0 ? { kind: "all", place } : { kind: "and", items, place },
    ids: search.getAll("traceID").map((id) => id.toLowerCase().padStart(32, "0")),
  };
}

function durationText(search: URLSearchParams, name: string): string | undefined {
  const value = (search.get(name) ?? "").replace("µs", "us");
  if (value === "") return undefined;
  if (durationNs(value) === undefined)
    throw bad(`${name}=${value} is no duration`, "such as 1.2s, 100ms or 500us");
  return value;
}

/** tagsOf reads `tags` (JSON, as Jaeger's page and Grafana send it) and `tag` (`key:value`). */
function tagsOf(search: URLSearchParams): [string, string][] {
  const found: [string, string][] = search.getAll("tag").map((pair) => {
    const cut = pair.indexOf(":");
    if (cut < 0) throw bad(`tag=${pair} has no value`, "key:value is expected");
    return [pair.slice(0, cut), pair.slice(cut + 1)];
  });
  const json = search.get("tags") ?? "";
  if (json === "") return found;
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("no object");
    return [
      ...found,
      ...Object.entries(parsed).map(([key, value]): [string, string] => [key, String(value)]),
    ];
  } catch {
    throw bad(`tags=${json.slice(0, 100)} is no JSON object`, 'such as {"http.response.status_code":"500"}');
  }
}

/** tag makes a condition of a tag; those that Jaeger makes of OTLP's fields are turned back. */
function tag(key: string, value: string): FilterNode {
  if (key === "error") {
    const error = equal("status", "ERROR");
    return value === "true" ? error : { kind: "not", item: error, place };
  }
  if (key === "span.kind") return equal("kind", value.toUpperCase());
  if (key === "otel.status_code") return equal("status", value.toUpperCase());
  return equal(key, value);
}
