import type {
  AggregateName,
  CompareOperator,
  Field,
  FieldExpr,
  FieldOperator,
  MetricsAggregate,
  MetricsExpr,
  MetricsFunction,
  Pipeline,
  Query,
  ScalarExpr,
  Scope,
  SecondStage,
  SpansetExpr,
  SpansetOperator,
  Stage,
  Static,
  StaticType,
} from "./ast.js";
import { checkQuery } from "./check.js";
import { syntaxError } from "./errors.js";
import { INTRINSICS, KINDS, SCOPED, STATUSES } from "./fields.js";
import { lex, type Token } from "./lex.js";

/** How tightly operators between values of a span bind (grafana.com/docs/tempo/latest/traceql); `&&` and `||` bind alike. */
const FIELD_BINDING: Readonly<Record<FieldOperator, number>> = {
  "&&": 1,
  "||": 1,
  "=": 2,
  "!=": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  "=~": 2,
  "!~": 2,
  "+": 3,
  "-": 3,
  "*": 5,
  "/": 5,
  "%": 5,
  "^": 6,
};
const MINUS_BINDING = 3;
const NOT_BINDING = 4;

/** How tightly operators between sets of spans, and between numbers of them, bind. */
const SET_BINDING: Readonly<Record<SpansetOperator, number>> = {
  "&&": 1,
  "||": 1,
  ">": 2,
  "<": 2,
  ">>": 2,
  "<<": 2,
  "~": 2,
  "!>": 2,
  "!<": 2,
  "!>>": 2,
  "!<<": 2,
  "!~": 2,
  "&>": 2,
  "&<": 2,
  "&>>": 2,
  "&<<": 2,
  "&~": 2,
};
const COMPARE_BINDING: Readonly<Record<CompareOperator, number>> = {
  "=": 2,
  "!=": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
};
type Arithmetic = "+" | "-" | "*" | "/" | "%" | "^";
const ARITHMETIC_BINDING: Readonly<Record<Arithmetic, number>> = {
  "+": 3,
  "-": 3,
  "*": 5,
  "/": 5,
  "%": 5,
  "^": 6,
};
const METRICS_MATH: Readonly<Record<"+" | "-" | "*" | "/", true>> = {
  "+": true,
  "-": true,
  "*": true,
  "/": true,
};

const AGGREGATES: Readonly<Record<AggregateName, true>> = {
  count: true,
  max: true,
  min: true,
  avg: true,
  sum: true,
};
const METRICS: Readonly<Record<MetricsFunction, "none" | "field" | "quantiles" | "compare">> = {
  rate: "none",
  count_over_time: "none",
  min_over_time: "field",
  max_over_time: "field",
  avg_over_time: "field",
  sum_over_time: "field",
  quantile_over_time: "quantiles",
  histogram_over_time: "field",
  compare: "compare",
};
const DEPTH_MAX = 200;
const COMPARE_TOP = 10;

/** Thing is what an operand may be while it is not known yet what the whole is. */
type Thing =
  | { readonly is: "spans"; readonly expr: SpansetExpr; readonly wrapped: boolean }
  | { readonly is: "pipeline"; readonly pipeline: Pipeline; readonly wrapped: boolean }
  | { readonly is: "number"; readonly value: Static }
  | { readonly is: "aggregate"; readonly expr: ScalarExpr }
  | { readonly is: "scalarPipeline"; readonly expr: ScalarExpr; readonly wrapped: boolean }
  | { readonly is: "filter"; readonly stage: Stage }
  | { readonly is: "metrics"; readonly expr: MetricsExpr; readonly wrapped: boolean };

/** parseTraceql reads an expression and checks its types. Throws TraceqlError. */
export function parseTraceql(text: string): Query {
  const query = parseOnly(text);
  checkQuery(query);
  return query;
}

/** parseOnly reads an expression without checking its types. Throws TraceqlError of kind "syntax". */
export function parseOnly(text: string): Query {
  return new Parser(text).query();
}

function keyIn<Key extends string>(keys: Readonly<Record<Key, unknown>>, text: string): Key | undefined {
  for (const key in keys) if (key === text && Object.hasOwn(keys, key)) return key;
  return undefined;
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = lex(text);
  }

  query(): Query {
    const start = this.#token;
    const thing = this.#pipeline();
    const hints = this.#hints();
    if (!this.#is("end")) throw this.#unexpected("an operator, | or the end");
    switch (thing.is) {
      case "spans":
        return { root: { kind: "pipeline", stages: [thing.expr] }, hints };
      case "pipeline":
        return { root: thing.pipeline, hints };
      case "filter":
        return { root: { kind: "pipeline", stages: [thing.stage] }, hints };
      case "metrics":
        return { root: thing.expr, hints };
      default:
        throw syntaxError(
          this.#text,
          start.start,
          "syntax error: a number is no search; compare it, as in count() > 2",
        );
    }
  }

  get #token(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw syntaxError(this.#text, this.#text.length, "syntax error: unexpected end");
    return token;
  }

  #is(kind: Token["kind"], text?: string): boolean {
    return this.#token.kind === kind && (text === undefined || this.#token.text === text);
  }

  #take(mark: string): boolean {
    const found = this.#is("mark", mark);
    if (found) this.#at++;
    return found;
  }

  #expect(mark: string): void {
    if (!this.#take(mark)) throw this.#unexpected(JSON.stringify(mark));
  }

  #unexpected(wanted: string): Error {
    const { start, end, kind } = this.#token;
    const what = kind === "end" ? "end of the expression" : JSON.stringify(this.#text.slice(start, end));
    return syntaxError(this.#text, start, `syntax error: unexpected ${what}, expected ${wanted}`);
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX)
      throw syntaxError(this.#text, this.#token.start, `nested deeper than ${DEPTH_MAX}`);
    const result = read();
    this.#depth--;
    return result;
  }

  /** #pipeline reads stages with `|` between them, as far as they go. */
  #pipeline(): Thing {
    let thing = this.#combined(0);
    for (;;) {
      if (thing.is === "metrics") {
        const second = this.#secondStage(thing.expr);
        if (second === undefined) return thing;
        thing = second;
      } else if (this.#is("mark", "|")) {
        const stages = this.#stagesOf(thing);
        this.#at++;
        thing = this.#nextStage(stages);
        if (thing.is === "scalarPipeline") return thing;
      } else return thing;
    }
  }

  #stagesOf(thing: Thing): readonly Stage[] {
    if (thing.is === "spans") return [thing.expr];
    if (thing.is === "filter") return [thing.stage];
    if (thing.is === "pipeline") return thing.wrapped ? [thing.pipeline] : thing.pipeline.stages;
    throw this.#unexpected("no | behind a number");
  }

  #nextStage(before: readonly Stage[]): Thing {
    const aggregate = this.#token.kind === "word" ? keyIn(METRICS, this.#token.text) : undefined;
    if (aggregate !== undefined) {
      const pipeline: Pipeline = { kind: "pipeline", stages: before };
      return {
        is: "metrics",
        expr: { kind: "metrics", pipeline, aggregate: this.#metrics(aggregate) },
        wrapped: false,
      };
    }
    if (this.#is("word", "coalesce")) {
      this.#at++;
      this.#expect("(");
      this.#expect(")");
      return {
        is: "pipeline",
        pipeline: { kind: "pipeline", stages: [...before, { kind: "coalesce" }] },
        wrapped: false,
      };
    }
    const start = this.#token.start;
    const thing = this.#combined(0);
    if (thing.is === "aggregate") {
      const pipeline: Pipeline = { kind: "pipeline", stages: before };
      return {
        is: "scalarPipeline",
        expr: { kind: "scalarPipeline", pipeline, aggregate: thing.expr },
        wrapped: false,
      };
    }
    if (thing.is !== "spans" && thing.is !== "filter") {
      throw syntaxError(
        this.#text,
        start,
        "syntax error: expected a set of spans, a comparison, by(), coalesce() or select()",
      );
    }
    const stage = thing.is === "spans" ? thing.expr : thing.stage;
    return { is: "pipeline", pipeline: { kind: "pipeline", stages: [...before, stage] }, wrapped: false };
  }

  /** #secondStage reads `| topk(3)` and `> 10` behind metrics; undefined when there is none. */
  #secondStage(expr: MetricsExpr): (Thing & { readonly is: "metrics" }) | undefined {
    const operator = this.#is("mark") ? keyIn(COMPARE_BINDING, this.#token.text) : undefined;
    if (operator !== undefined) {
      this.#at++;
      return {
        is: "metrics",
        expr: { kind: "second", expr, stage: this.#filterStage(operator, this.#combined(2)) },
        wrapped: false,
      };
    }
    if (!this.#is("mark", "|")) return undefined;
    this.#at++;
    const name = this.#token.kind === "word" ? this.#token.text : "";
    if (name !== "topk" && name !== "bottomk") throw this.#unexpected("topk or bottomk");
    this.#at++;
    this.#expect("(");
    const count = this.#token;
    if (count.kind !== "int") throw this.#unexpected("a count");
    this.#at++;
    this.#expect(")");
    return {
      is: "metrics",
      expr: { kind: "second", expr, stage: { kind: name, count: count.value } },
      wrapped: false,
    };
  }

  #filterStage(operator: CompareOperator, thing: Thing): SecondStage {
    if (thing.is !== "number") throw this.#unexpected("a number to compare series with");
    // Series of durations are in seconds, written durations in nanoseconds.
    const value = numberOf(thing.value) * (thing.value.type === "duration" ? 1e-9 : 1);
    return { kind: "filter", operator, value };
  }

  /** #combined reads operands with operators between them: sets of spans, numbers of them, series. */
  #combined(binding: number): Thing {
    return this.#deeper(() => {
      let left = this.#operand();
      for (;;) {
        const { kind, text, start } = this.#token;
        if (kind !== "mark") return left;
        // What compares series is a stage of theirs, not an operator.
        if (left.is === "metrics" && (!left.wrapped || keyIn(METRICS_MATH, text) === undefined)) return left;
        const set = keyIn(SET_BINDING, text);
        const compare = keyIn(COMPARE_BINDING, text);
        const arithmetic = keyIn(ARITHMETIC_BINDING, text);
        const own = left.is === "spans" || left.is === "pipeline" ? set && SET_BINDING[set] : undefined;
        const strength =
          own ?? (arithmetic && ARITHMETIC_BINDING[arithmetic]) ?? (compare && COMPARE_BINDING[compare]);
        if (strength === undefined || strength <= binding) return left;
        this.#at++;
        const right = this.#combined(text === "^" ? strength - 1 : strength);
        left = this.#operation(start, text, left, right);
      }
    });
  }

  #operation(start: number, text: string, left: Thing, right: Thing): Thing {
    const set = keyIn(SET_BINDING, text);
    if (set !== undefined && left.is === "spans" && right.is === "spans") {
      const expr: SpansetExpr = { kind: "operation", operator: set, left: left.expr, right: right.expr };
      return { is: "spans", expr, wrapped: false };
    }
    if (set !== undefined && isSet(left) && isSet(right) && left.wrapped && right.wrapped) {
      const expr: SpansetExpr = { kind: "operation", operator: set, left: setOf(left), right: setOf(right) };
      return { is: "pipeline", pipeline: { kind: "pipeline", stages: [expr] }, wrapped: true };
    }
    const arithmetic = keyIn(ARITHMETIC_BINDING, text);
    const math = keyIn(METRICS_MATH, text);
    if (math !== undefined && (left.is === "metrics" || right.is === "metrics")) {
      const found = this.#math(math, left, right);
      if (found !== undefined) return { is: "metrics", expr: found, wrapped: true };
    } else if (arithmetic !== undefined) {
      const found = this.#arithmetic(start, arithmetic, left, right);
      if (found !== undefined) return found;
    }
    const compare = keyIn(COMPARE_BINDING, text);
    if (compare !== undefined) {
      const filter = comparison(compare, left, right);
      if (filter !== undefined) return filter;
    }
    throw syntaxError(this.#text, start, `syntax error: unexpected ${text} between these two`);
  }

  #math(operator: "+" | "-" | "*" | "/", left: Thing, right: Thing): MetricsExpr | undefined {
    const isWhole = (thing: Thing): boolean => thing.is === "metrics" && thing.wrapped;
    if (left.is === "metrics" && right.is === "metrics") {
      return isWhole(left) && isWhole(right)
        ? { kind: "math", operator, left: left.expr, right: right.expr }
        : undefined;
    }
    const [number, metrics, isLeft] =
      left.is === "metrics" ? ([right, left, false] as const) : ([left, right, true] as const);
    if (
      number.is !== "number" ||
      number.value.type === "duration" ||
      metrics.is !== "metrics" ||
      !isWhole(metrics)
    )
      return undefined;
    return { kind: "scaled", operator, expr: metrics.expr, number: numberOf(number.value), isLeft };
  }

  #arithmetic(start: number, operator: Arithmetic, left: Thing, right: Thing): Thing | undefined {
    if (left.is === "number" && right.is === "number") {
      const value = folded(operator, left.value, right.value);
      if (value === undefined)
        throw syntaxError(this.#text, start, `syntax error: ${operator} does not go with these numbers`);
      return { is: "number", value };
    }
    if (left.is === "scalarPipeline" && right.is === "scalarPipeline" && left.wrapped && right.wrapped) {
      return {
        is: "scalarPipeline",
        expr: { kind: "arithmetic", operator, left: left.expr, right: right.expr },
        wrapped: true,
      };
    }
    const [a, b] = [scalarOf(left), scalarOf(right)];
    if (a === undefined || b === undefined) return undefined;
    return { is: "aggregate", expr: { kind: "arithmetic", operator, left: a, right: b } };
  }

  #operand(): Thing {
    const token = this.#token;
    if (this.#is("mark", "{"))
      return { is: "spans", expr: { kind: "filter", expr: this.#filter() }, wrapped: false };
    if (this.#is("mark", "(")) return this.#wrapped();
    if (this.#is("mark", "-")) {
      this.#at++;
      const thing = this.#combined(6);
      if (thing.is !== "number") throw this.#unexpected("a number behind -");
      return { is: "number", value: { ...thing.value, value: -numberOf(thing.value) } };
    }
    if (token.kind === "int" || token.kind === "float" || token.kind === "duration") {
      this.#at++;
      return { is: "number", value: { kind: "static", type: token.kind, value: token.value } };
    }
    if (token.kind !== "word") throw this.#unexpected("{ or a function");
    const aggregate = keyIn(AGGREGATES, token.text);
    if (aggregate !== undefined) return { is: "aggregate", expr: this.#aggregate(aggregate) };
    if (token.text === "by") {
      this.#at++;
      this.#expect("(");
      const expr = this.#field(0);
      this.#expect(")");
      return { is: "filter", stage: { kind: "by", expr } };
    }
    if (token.text === "select") {
      this.#at++;
      return { is: "filter", stage: { kind: "select", fields: this.#fieldList() } };
    }
    throw this.#unexpected("{ or a function");
  }

  #wrapped(): Thing {
    this.#expect("(");
    const thing = this.#pipeline();
    this.#expect(")");
    if (
      thing.is === "spans" ||
      thing.is === "pipeline" ||
      thing.is === "metrics" ||
      thing.is === "scalarPipeline"
    ) {
      return { ...thing, wrapped: true };
    }
    if (thing.is === "filter") {
      return { is: "pipeline", pipeline: { kind: "pipeline", stages: [thing.stage] }, wrapped: true };
    }
    return thing;
  }

  #aggregate(name: AggregateName): ScalarExpr {
    this.#at++;
    this.#expect("(");
    const expr = name === "count" ? undefined : this.#field(0);
    this.#expect(")");
    return { kind: "aggregate", name, expr };
  }

  #metrics(name: MetricsFunction): MetricsAggregate {
    this.#at++;
    this.#expect("(");
    const takes = METRICS[name];
    let field: Field | undefined;
    const quantiles: number[] = [];
    let filter: FieldExpr | undefined;
    let top = COMPARE_TOP;
    let window: MetricsAggregate["window"];
    if (takes === "field" || takes === "quantiles") field = this.#oneField();
    if (takes === "quantiles") {
      do {
        this.#expect(",");
        quantiles.push(this.#plainNumber());
      } while (this.#is("mark", ","));
    }
    if (takes === "compare") {
      filter = this.#filter();
      if (this.#take(",")) top = this.#plainNumber();
      if (this.#take(",")) {
        const from = this.#plainNumber();
        this.#expect(",");
        window = { from, to: this.#plainNumber() };
      }
    }
    this.#expect(")");
    const isGrouped = takes !== "compare" && this.#is("word", "by");
    if (isGrouped) this.#at++;
    return { name, field, quantiles, by: isGrouped ? this.#fieldList() : [], filter, top, window };
  }

  #plainNumber(): number {
    const { kind, value } = this.#token;
    if (kind !== "int" && kind !== "float") throw this.#unexpected("a number");
    this.#at++;
    return value;
  }

  #hints(): Record<string, string | number | boolean> {
    const found = new Map<string, string | number | boolean>();
    if (!this.#is("word", "with")) return {};
    this.#at++;
    this.#expect("(");
    do {
      const name = this.#token;
      if (name.kind !== "word") throw this.#unexpected("a hint's name");
      this.#at++;
      this.#expect("=");
      const value = this.#static();
      if (value === undefined) throw this.#unexpected("a hint's value");
      found.set(name.text, value.value);
    } while (this.#take(","));
    this.#expect(")");
    return Object.fromEntries(found);
  }

  #filter(): FieldExpr {
    this.#expect("{");
    if (this.#take("}")) return { kind: "static", type: "bool", value: true };
    const expr = this.#field(0);
    this.#expect("}");
    return expr;
  }

  /** #field reads an expression over one span. */
  #field(binding: number): FieldExpr {
    return this.#deeper(() => {
      let left = this.#fieldOperand();
      for (;;) {
        const operator = this.#is("mark") ? keyIn(FIELD_BINDING, this.#token.text) : undefined;
        if (operator === undefined || FIELD_BINDING[operator] <= binding) return left;
        this.#at++;
        const own = FIELD_BINDING[operator];
        const right = this.#field(operator === "^" ? own - 1 : own);
        left = fieldOperation(operator, left, right);
      }
    });
  }

  #fieldOperand(): FieldExpr {
    if (this.#take("(")) {
      const expr = this.#field(0);
      this.#expect(")");
      return expr;
    }
    if (this.#take("-")) return { kind: "unary", operator: "-", expr: this.#field(MINUS_BINDING) };
    if (this.#take("!")) return { kind: "unary", operator: "!", expr: this.#field(NOT_BINDING) };
    const field = this.#maybeField();
    if (field !== undefined) return field;
    const value = this.#static();
    if (value !== undefined) return value;
    throw this.#unexpected("a value or an attribute such as .http.route, span.user or duration");
  }

  #fieldList(): Field[] {
    this.#expect("(");
    const fields = [this.#oneField()];
    while (this.#take(",")) fields.push(this.#oneField());
    this.#expect(")");
    return fields;
  }

  #oneField(): Field {
    const field = this.#maybeField();
    if (field === undefined) throw this.#unexpected("an attribute such as .http.route or duration");
    return field;
  }

  #maybeField(): Field | undefined {
    const { kind, text } = this.#token;
    if (kind === "attribute") {
      this.#at++;
      const name = this.#token.text;
      this.#at++;
      return { kind: "attribute", scope: scopeOf(text), name, parent: text.startsWith("parent.") };
    }
    const intrinsic =
      kind === "word" ? INTRINSICS.get(text) : kind === "scoped" ? SCOPED.get(text) : undefined;
    if (kind === "scoped" && intrinsic === undefined) throw this.#unexpected("a field of that scope");
    if (intrinsic === undefined) return undefined;
    this.#at++;
    return { kind: "intrinsic", name: intrinsic, text };
  }

  #static(): Static | undefined {
    const { kind, text, value } = this.#token;
    const found = (type: StaticType, own: Static["value"]): Static => {
      this.#at++;
      return { kind: "static", type, value: own };
    };
    if (kind === "string") return found("string", text);
    if (kind === "int" || kind === "float" || kind === "duration") return found(kind, value);
    if (kind !== "word") return undefined;
    if (text === "true" || text === "false") return found("bool", text === "true");
    if (text === "nil") return found("nil", "nil");
    if (STATUSES.has(text)) return found("status", text);
    if (KINDS.has(text)) return found("kind", text);
    if (text === "minInt" || text === "maxInt") return found("int", text === "maxInt" ? 2 ** 63 : -(2 ** 63));
    return undefined;
  }
}

function fieldOperation(operator: FieldOperator, left: FieldExpr, right: FieldExpr): FieldExpr {
  const isNil = (expr: FieldExpr): boolean => expr.kind === "static" && expr.type === "nil";
  if ((operator === "=" || operator === "!=") && (isNil(left) || isNil(right))) {
    if (isNil(left) && isNil(right)) return { kind: "static", type: "bool", value: false };
    return { kind: "exists", expr: isNil(left) ? right : left, negated: operator === "=" };
  }
  return { kind: "binary", operator, left, right };
}

function scopeOf(text: string): Scope {
  const bare = text.replace(/^parent\./, "").replace(/\.$/, "");
  if (
    bare === "resource" ||
    bare === "span" ||
    bare === "event" ||
    bare === "link" ||
    bare === "instrumentation"
  )
    return bare;
  return "any";
}

function isSet(thing: Thing): thing is Thing & { readonly is: "spans" | "pipeline" } {
  return thing.is === "spans" || thing.is === "pipeline";
}

function setOf(thing: Thing & { readonly is: "spans" | "pipeline" }): SpansetExpr {
  return thing.is === "spans" ? thing.expr : thing.pipeline;
}

function scalarOf(thing: Thing): ScalarExpr | undefined {
  if (thing.is === "aggregate") return thing.expr;
  return thing.is === "number" ? thing.value : undefined;
}

/** comparison makes a filter of numbers over spans; at least one side must be computed of them. */
function comparison(operator: CompareOperator, left: Thing, right: Thing): Thing | undefined {
  if (
    left.is === "scalarPipeline" &&
    left.wrapped &&
    (right.is === "number" || (right.is === "scalarPipeline" && right.wrapped))
  ) {
    const stage: Stage = {
      kind: "scalarFilter",
      operator,
      left: left.expr,
      right: right.is === "number" ? right.value : right.expr,
    };
    return { is: "pipeline", pipeline: { kind: "pipeline", stages: [stage] }, wrapped: false };
  }
  const [a, b] = [scalarOf(left), scalarOf(right)];
  if (a === undefined || b === undefined || (left.is === "number" && right.is === "number")) return undefined;
  return { is: "filter", stage: { kind: "scalarFilter", operator, left: a, right: b } };
}

function numberOf({ value }: Static): number {
  return typeof value === "number" ? value : Number.NaN;
}

/** folded computes an operation of two plain numbers; of whole numbers a quotient is whole. */
function folded(operator: Arithmetic, left: Static, right: Static): Static | undefined {
  if (left.type === "duration" || right.type === "duration") return undefined;
  const [a, b] = [numberOf(left), numberOf(right)];
  const type = left.type === "int" && right.type === "int" ? "int" : "float";
  const results: Partial<Record<Arithmetic, number>> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": type === "int" ? Math.trunc(a / b) : a / b,
  };
  const value = results[operator];
  return value === undefined ? undefined : { kind: "static", type, value };
}
