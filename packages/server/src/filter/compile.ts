import type { FilterNode, FilterPattern, FilterTest } from "./ast.js";
import { type Field, fieldOf, numberFor } from "./fields.js";

/** FilterSignal is a table a filter can search. */
export type FilterSignal = "traces" | "logs";

/** Condition is a boolean SQL expression and its parameters, each bound by the engine as {name:Type}. */
export interface Condition {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, string | number>>;
}

interface Build {
  readonly parameters: Record<string, string | number>;
  readonly prefix: string;
  next: number;
}

/**
 * compileFilter turns a filter into a condition over `traces` or `logs`. Keys and values of the user never stand in the SQL text: they
 * are parameters. A term about the other signal (status: in logs, level: in traces) asks for a row of the other table with the same
 * span, within the query's own {from_ns:Int64} and {to_ns:Int64}, which the caller binds.
 */
export function compileFilter(
  node: FilterNode,
  signal: FilterSignal,
  { prefix = "f" }: { readonly prefix?: string } = {},
): Condition {
  const build: Build = { parameters: {}, prefix, next: 0 };
  return { sql: compile(node, signal, build), parameters: build.parameters };
}

function bind(build: Build, type: "String" | "Float64" | "UInt64", value: string | number): string {
  const name = `${build.prefix}${build.next++}`;
  build.parameters[name] = value;
  return `{${name}:${type}}`;
}

function compile(node: FilterNode, signal: FilterSignal, build: Build): string {
  switch (node.kind) {
    case "all":
      return "1";
    case "and":
    case "or": {
      const parts = node.items.map((item) => compile(item, signal, build));
      return `(${parts.join(node.kind === "and" ? " AND " : " OR ")})`;
    }
    case "not":
      return `NOT ${compile(node.item, signal, build)}`;
    case "term":
      return `(${compileTerm(node.key, node.test, signal, build)})`;
    case "word":
      return `(${compileWord(node.test, signal, build)})`;
  }
}

function compileTerm(key: string, test: FilterTest, signal: FilterSignal, build: Build): string {
  const field = fieldOf(key);
  if (!field) return compileAttributes([key], key, test, build);
  if (field.attributes.length > 0) return compileAttributes(field.attributes, key, test, build);
  const column = signal === "traces" ? field.traces : field.logs;
  if (column !== undefined) return compileColumn(column, field, test, build);
  const other = signal === "traces" ? "logs" : "traces";
  const there = signal === "traces" ? field.logs : field.traces;
  return there === undefined ? "0" : elsewhere(other, compileColumn(there, field, test, build));
}

/** elsewhere asks for a span that has a row in the other table. A log may come after its span's start, so only the range bounds it. */
function elsewhere(table: FilterSignal, condition: string): string {
  return (
    `span_id != '' AND (trace_id, span_id) IN (SELECT trace_id, span_id FROM ${table} ` +
    `WHERE timestamp_ns >= {from_ns:Int64} AND timestamp_ns < {to_ns:Int64} AND span_id != '' AND ${condition})`
  );
}

function compileColumn(column: string, field: Field, test: FilterTest, build: Build): string {
  if (field.type === "duration") return compileDuration(column, test, build);
  // Enum columns compare with their names; a pattern needs their text.
  const isWord = field.type === "word";
  if (test.op === "is" && test.pattern.length === 1) {
    const value = test.pattern[0] ?? "";
    const spelled = isWord ? value.toUpperCase() : field.type === "id" ? value.toLowerCase() : value;
    return `${isWord ? `toString(${column})` : column} = ${bind(build, "String", spelled)}`;
  }
  if (test.op === "present") return isWord ? `toString(${column}) NOT IN ('', 'UNSET')` : `${column} != ''`;
  return compileText(isWord ? `toString(${column})` : column, test, isWord, build);
}

function compileDuration(column: string, test: FilterTest, build: Build): string {
  const ns = (text: string) => bind(build, "UInt64", numberFor("duration", text) ?? 0);
  if (test.op === "compare") return `${column} ${test.sign} ${ns(test.text)}`;
  if (test.op === "range") return `${column} >= ${ns(test.low)} AND ${column} <= ${ns(test.high)}`;
  if (test.op === "is") return `${column} = ${ns(test.pattern[0] ?? "")}`;
  return "1";
}

function compileAttributes(names: readonly string[], key: string, test: FilterTest, build: Build): string {
  return names.map((name) => `(${compileAttribute(name, key, test, build)})`).join(" OR ");
}

function compileAttribute(name: string, key: string, test: FilterTest, build: Build): string {
  const bound = bind(build, "String", name);
  const either = (ask: (map: string) => string) => `${ask("attributes")} OR ${ask("resource_attributes")}`;
  const present = (map: string) => `mapContains(${map}, ${bound})`;
  if (test.op === "present") return either(present);
  if (test.op === "compare" || test.op === "range") {
    const number = (text: string) => bind(build, "Float64", numberFor(key, text) ?? 0);
    const low = test.op === "range" ? number(test.low) : number(test.text);
    const high = test.op === "range" ? number(test.high) : "";
    const value = (map: string) => `ifNull(toFloat64OrNull(${map}[${bound}])`;
    return either((map) =>
      test.op === "range"
        ? `${value(map)} BETWEEN ${low} AND ${high}, 0)`
        : `${value(map)} ${test.sign} ${low}, 0)`,
    );
  }
  if (test.op === "is" && test.pattern.length === 1) {
    const value = bind(build, "String", test.pattern[0] ?? "");
    const guard = (map: string) => (test.pattern[0] === "" ? `${present(map)} AND ` : "");
    return either((map) => `${guard(map)}${map}[${bound}] = ${value}`);
  }
  const started = { ...build, parameters: build.parameters };
  const matched = compileText("\u0000", test, false, started);
  build.next = started.next;
  return either((map) => `${present(map)} AND ${matched.replaceAll("\u0000", `${map}[${bound}]`)}`);
}

function compileText(value: string, test: FilterTest, anyCase: boolean, build: Build): string {
  if (test.op === "regex") return `match(${value}, ${bind(build, "String", test.source)})`;
  if (test.op !== "is") return "1";
  return `${value} ${anyCase ? "ILIKE" : "LIKE"} ${bind(build, "String", likePattern(test.pattern))}`;
}

/** likePattern writes a pattern for LIKE: % for a wildcard, and what means something to LIKE escaped. */
export function likePattern(pattern: FilterPattern): string {
  return pattern.map((part) => part.replaceAll(/[\\%_]/g, "\\$&")).join("%");
}

/** compileWord searches operation, status message and log body, in any case, anywhere in them. */
function compileWord(test: FilterTest, signal: FilterSignal, build: Build): string {
  const pattern = test.op === "is" ? ["", ...trimmed(test.pattern), ""] : [];
  const bound = bind(build, "String", test.op === "regex" ? test.source : likePattern(pattern));
  const ask = (column: string) =>
    test.op === "regex" ? `match(${column}, ${bound})` : `${column} ILIKE ${bound}`;
  const body = ask("body");
  if (signal === "logs") return `${body} OR ${ask("event_name")}`;
  return `${ask("operation")} OR ${ask("status_message")} OR (${elsewhere("logs", body)})`;
}

/** trimmed drops a word's own outer wildcards: it is searched anywhere already. */
function trimmed(pattern: FilterPattern): FilterPattern {
  const start = pattern[0] === "" ? 1 : 0;
  const end = pattern[pattern.length - 1] === "" ? pattern.length - 1 : pattern.length;
  return pattern.slice(start, Math.max(start, end));
}

/** withLiterals writes a condition's parameters into its text, quoted: only for showing it ("Show as SQL"), never for running it. */
export function withLiterals(condition: Condition): string {
  return condition.sql.replaceAll(/\{(\w+):\w+\}/g, (whole, name: string) => {
    const value = condition.parameters[name];
    if (value === undefined) return whole;
    if (typeof value === "number") return String(value);
    return `'${value.replaceAll(/[\\']/g, "\\$&")}'`;
  });
}
