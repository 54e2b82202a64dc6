import type { StreamParser, StringStream } from "@codemirror/language";

// Colours only: what is right and wrong is the server's to say. A tokenizer of one's own takes every expression the server
// takes; Prometheus' grammar for editors calls 98 of the 2,434 expressions of its own tests wrong (docs/prometheus.md).

/** Inside is what a tokenizer carries from line to line: the end of what is open, "" for nothing. */
export interface Inside {
  until: string;
}

/** promqlWords are PromQL's own words: they are neither metrics nor functions. */
export const promqlWords: readonly string[] =
  "by without on ignoring group_left group_right offset bool and or unless atan2 start end anchored smoothed fill".split(
    " ",
  );

/** aggregations of PromQL take `by` and `without`. */
export const aggregations: readonly string[] =
  "sum avg min max count group stddev stdvar topk bottomk quantile count_values limitk limit_ratio".split(
    " ",
  );

/** sqlWords are words of statements. */
export const sqlWords: ReadonlySet<string> = new Set(
  (
    "select from where group by order having limit offset join left right inner outer full cross any all asof on using as " +
    "and or not in is null like ilike between case when then else end distinct union except intersect with prewhere final " +
    "sample array interval desc asc nulls first last explain describe show settings format over partition rows range true false global"
  ).split(" "),
);
const promqlKnown = new Set([...promqlWords, ...aggregations]);

/** finish reads on to the end of a quoted text or comment; a backslash keeps the next character. */
export function finish(stream: StringStream, state: Inside, escapes: boolean): void {
  while (!stream.eol()) {
    if (stream.match(state.until)) {
      state.until = "";
      return;
    }
    if (escapes && stream.peek() === "\\") stream.next();
    stream.next();
  }
}

/** open reads what a quote or a comment began, and remembers its end where that is on another line. */
export function open(stream: StringStream, state: Inside, until: string, escapes: boolean): void {
  state.until = until;
  finish(stream, state, escapes);
}

/** promql colours PromQL. */
export const promql: StreamParser<Inside> = {
  name: "promql",
  startState: () => ({ until: "" }),
  token(stream, state) {
    if (state.until !== "") {
      finish(stream, state, state.until !== "`");
      return "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    const quote = stream.match(/^["'`]/);
    if (Array.isArray(quote)) {
      open(stream, state, quote[0], quote[0] !== "`");
      return "string";
    }
    if (stream.match(/^(\d[\d_]*(ms|[smhdwy]))+|^0x[\da-f]+|^\d*\.?\d+(e[+-]?\d+)?/i)) return "number";
    const word = stream.match(/^[\p{L}_:][\p{L}\p{N}_:.]*/u);
    if (Array.isArray(word)) {
      const text = word[0].toLowerCase();
      if (promqlKnown.has(text)) return "keyword";
      if (stream.match(/^\s*\(/, false)) return "variableName.function";
      return stream.match(/^\s*(=|!=|=~|!~)/, false) ? "propertyName" : "variableName";
    }
    stream.next();
    return "operator";
  },
};

/** sql colours ClickHouse's SQL. */
export const sql: StreamParser<Inside> = {
  name: "sql",
  startState: () => ({ until: "" }),
  token(stream, state) {
    if (state.until !== "") {
      const comment = state.until === "*/";
      finish(stream, state, !comment);
      return comment ? "comment" : "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^(--|#!?).*/)) return "comment";
    if (stream.match("/*")) {
      open(stream, state, "*/", false);
      return "comment";
    }
    const quote = stream.match(/^['"`]/);
    if (Array.isArray(quote)) {
      open(stream, state, quote[0], true);
      return quote[0] === "'" ? "string" : "propertyName";
    }
    if (stream.match(/^\{\w+:\w+\}/)) return "atom";
    if (stream.match(/^0x[\da-f]+|^\d*\.?\d+(e[+-]?\d+)?/i)) return "number";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (Array.isArray(word)) {
      if (sqlWords.has(word[0].toLowerCase())) return "keyword";
      return stream.match(/^\s*\(/, false) ? "variableName.function" : "variableName";
    }
    stream.next();
    return "operator";
  },
};
