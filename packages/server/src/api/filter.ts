import { ServerError } from "../errors.js";
import { compileFilter, withLiterals } from "../filter/compile.js";
import { parseFilter } from "../filter/parse.js";
import { printFilter } from "../filter/print.js";
import { statement } from "../query/statements.js";
import type { ApiContext, ApiRequest } from "./context.js";
import { rangeOf, signalOf } from "./parameters.js";
import type { FilterParseAnswer } from "./types.js";

/** filterParse answers GET filter/parse: the tree, or where the mistake is. */
export function filterParse(_context: ApiContext, request: ApiRequest): FilterParseAnswer {
  const on = signalOf(request.search);
  const range = rangeOf(request.search, request.nowMs);
  try {
    const tree = parseFilter(request.search.get("filter") ?? "");
    const { sql, parameters } = compileFilter(tree, on);
    const shown = statement(`${on}-show`).replace("$filter$", () => sql);
    // As numbers they print all their digits: milliseconds with six zeros have a double of their own.
    const bounds = { from_ns: range.from_ms * 1e6, to_ns: range.to_ms * 1e6 };
    const text = withLiterals({ sql: shown, parameters: { ...parameters, ...bounds } });
    return { ok: true, tree, text: printFilter(tree), sql: text.replace(/^--.*\n/, "") };
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== "bad-filter") throw error;
    const start = error.position ?? 0;
    return {
      ok: false,
      message: error.message,
      hint: error.hint,
      place: { start, end: error.end ?? start },
      expected: error.expected,
    };
  }
}
