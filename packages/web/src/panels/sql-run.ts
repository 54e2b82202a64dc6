import type { JSONCompactAnswer } from "@go3s/server";
import { ApiError, apiUrl, send } from "../base/api.js";
import type { Interval } from "../base/range.js";
import { keep, stored } from "../base/settings.js";
import { nsOfMs } from "../base/time.js";

/** Ran is one statement that was answered. */
export interface Ran {
  readonly sql: string;
  readonly answer: JSONCompactAnswer;
  readonly took_ms: number;
  readonly bytes: number;
}

// A result is a table to read, not an export; what is larger belongs to `go3s query`.
const mostBytes = 64e6;

/** runSql runs a statement; the page's range is there as {from_ns:Int64} and {to_ns:Int64}. */
export async function runSql(sql: string, range: Interval, signal: AbortSignal): Promise<Ran> {
  const started = performance.now();
  const url = apiUrl("query", {
    format: "JSONCompact",
    param_from_ns: nsOfMs(range.from),
    param_to_ns: nsOfMs(range.to),
  });
  const response = await send(url, {
    method: "POST",
    body: sql,
    headers: { "content-type": "text/plain" },
    signal,
  });
  const text = await bounded(response, url);
  const answer: JSONCompactAnswer = exact(text);
  return { sql, answer, took_ms: performance.now() - started, bytes: text.length };
}

interface Source {
  readonly source?: string;
}

/** exact parses JSON and keeps integers that pass 2^53 as their digits, where the browser tells the source (ES2025). */
export function exact(text: string): JSONCompactAnswer {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context?: Source): unknown =>
    typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value)
      ? (context?.source ?? value)
      : value;
  return JSON.parse(text, revive);
}

async function bounded(response: Response, url: string): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length <= mostBytes) continue;
    await reader.cancel();
    throw new ApiError(200, url, {
      code: "result-too-large",
      message: "The result is larger than 64 MB.",
      hint: "Add LIMIT, or write it to a file: go3s query --format csv '…' > result.csv",
    });
  }
}

const historyKey = "go3s.sql";
const historyMost = 50;

/** sqlHistory lists the statements that ran, newest first. */
export function sqlHistory(): readonly string[] {
  try {
    const list: unknown = JSON.parse(stored(historyKey) ?? "[]");
    return Array.isArray(list) ? list.filter((entry) => typeof entry === "string") : [];
  } catch {
    return [];
  }
}

/** remember puts a statement first in the history. */
export function remember(sql: string): void {
  keep(
    historyKey,
    JSON.stringify([sql, ...sqlHistory().filter((entry) => entry !== sql)].slice(0, historyMost)),
  );
}
