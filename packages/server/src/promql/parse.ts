import type {
  Aggregate,
  AggregateOperator,
  At,
  Binary,
  BinaryOperator,
  Duration,
  Expr,
  Matcher,
  Matching,
  MatchOperator,
  VectorSelector,
} from "./ast.js";
import { checkTypes } from "./check.js";
import { type Place, parseError } from "./errors.js";
import { METRIC_NAME } from "./labels.js";
import { lex, type Token } from "./lex.js";
import { matcherOf } from "./matcher.js";
import { SIGNATURES } from "./signatures.js";

/** How tightly operators bind, weakest first; `^` and unary signs are above all of them. */
const BINDING: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<=": 3,
  "<": 3,
  ">=": 3,
  ">": 3,
  "</": 3,
  ">/": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 7,
};
const UNARY_BINDING = 6;
const BINDINGS: ReadonlyMap<string, number> = new Map(Object.entries(BINDING));

/** keyIn finds a text among an object's own keys. */
function keyIn<Key extends string>(keys: Readonly<Record<Key, unknown>>, text: string): Key | undefined {
  for (const key in keys) if (key === text && Object.hasOwn(keys, key)) return key;
  return undefined;
}

const MATCH_OPERATORS: Readonly<Record<MatchOperator, true>> = {
  "=": true,
  "!=": true,
  "=~": true,
  "!~": true,
};

const AGGREGATES: Readonly<Record<AggregateOperator, "none" | "scalar" | "string">> = {
  sum: "none",
  avg: "none",
  count: "none",
  min: "none",
  max: "none",
  group: "none",
  stddev: "none",
  stdvar: "none",
  topk: "scalar",
  bottomk: "scalar",
  count_values: "string",
  quantile: "scalar",
  limitk: "scalar",
  limit_ratio: "scalar",
};

/** DEPTH_MAX bounds nesting, so that a hostile expression ends in an error and not on the stack's end. */
const DEPTH_MAX = 200;

/** parsePromql reads an expression of PromQL (prometheus.io/docs/prometheus/latest/querying/basics) and checks its types. Throws PromqlError. */
export function parsePromql(text: string): Expr {
  const expr = new Parser(text).whole();
  checkTypes(expr, text);
  return expr;
}

/** parseSelector reads a selector as `match[]` has it. Throws PromqlError. */
export function parseSelector(text: string): VectorSelector {
  const expr = parsePromql(text);
  if (expr.kind !== "selector" || expr.offset !== undefined || expr.at !== undefined) {
    throw parseError(text, expr, 'expected a selector of series, such as up{job="api"}');
  }
  return expr;
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

  whole(): Expr {
    if (this.#token.kind === "end") throw this.#error(this.#token, "no expression found in input");
    const expr = this.#expression(0);
    if (this.#at < this.#tokens.length - 1) throw this.#unexpected("an operator or the end");
    return expr;
  }

  get #token(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined)
      throw this.#error({ start: this.#text.length, end: this.#text.length }, "unexpected end");
    return token;
  }

  #next(): Token {
    const token = this.#token;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  #error(place: Place, why: string): Error {
    return parseError(this.#text, place, why);
  }

  #unexpected(wanted: string): Error {
    const token = this.#token;
    const what =
      token.kind === "end" ? "end of input" : JSON.stringify(this.#text.slice(token.start, token.end));
    return this.#error(token, `unexpected ${what}, expected ${wanted}`);
  }

  #isMark(text: string): boolean {
    return this.#token.kind === "mark" && this.#token.text === text;
  }

  #isWord(word: string): boolean {
    return this.#token.kind === "name" && this.#token.text.toLowerCase() === word;
  }

  #take(text: string): boolean {
    const found = this.#isMark(text);
    if (found) this.#at++;
    return found;
  }

  #takeWord(word: string): boolean {
    const found = this.#isWord(word);
    if (found) this.#at++;
    return found;
  }

  #expect(text: string): Token {
    if (!this.#isMark(text)) throw this.#unexpected(JSON.stringify(text));
    return this.#next();
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX)
      throw this.#error(this.#token, `expression is nested deeper than ${DEPTH_MAX}`);
    const result = read();
    this.#depth--;
    return result;
  }

  #expression(binding: number): Expr {
    return this.#deeper(() => {
      let left = this.#unary();
      for (;;) {
        const operator = this.#operator();
        const own = operator === undefined ? undefined : BINDING[operator];
        if (operator === undefined || own === undefined || own <= binding) return left;
        this.#at++;
        left = this.#binary(left, operator, own);
      }
    });
  }

  #operator(): BinaryOperator | undefined {
    const token = this.#token;
    const text = token.kind === "name" ? token.text.toLowerCase() : token.text;
    if (token.kind !== "mark" && token.kind !== "name") return undefined;
    return keyIn(BINDING, text);
  }

  #binary(left: Expr, operator: BinaryOperator, own: number): Binary {
    const bool = this.#takeWord("bool");
    const matching = this.#matching();
    // `^` binds to the right: 2^3^2 is 2^9.
    const right = this.#expression(operator === "^" ? own - 1 : own);
    return { kind: "binary", operator, left, right, bool, matching, start: left.start, end: right.end };
  }

  #matching(): Matching {
    let on = false;
    let labels: readonly string[] = [];
    let group: Matching["group"];
    let include: readonly string[] = [];
    const matched = this.#isWord("on") || this.#isWord("ignoring");
    if (matched) {
      on = this.#isWord("on");
      this.#at++;
      labels = this.#labelNames();
      if (this.#isWord("group_left") || this.#isWord("group_right")) {
        group = this.#isWord("group_left") ? "left" : "right";
        this.#at++;
        if (this.#isMark("(")) include = this.#labelNames();
      }
    }
    let fillLeft: number | undefined;
    let fillRight: number | undefined;
    while (this.#isWord("fill") || this.#isWord("fill_left") || this.#isWord("fill_right")) {
      // A metric of this name is no modifier: `a + fill` has no parenthesis behind it.
      if (this.#tokens[this.#at + 1]?.text !== "(") break;
      const word = this.#next().text.toLowerCase();
      this.#expect("(");
      const value = this.#signedNumber();
      this.#expect(")");
      if (word !== "fill_right") fillLeft = value;
      if (word !== "fill_left") fillRight = value;
    }
    return { on, labels, group, include, fillLeft, fillRight };
  }

  #signedNumber(): number {
    const sign = this.#take("-") ? -1 : (this.#take("+"), 1);
    const value = this.#number();
    if (value === undefined) throw this.#unexpected("a number");
    return sign * value;
  }

  #number(): number | undefined {
    const token = this.#token;
    if (token.kind === "number") {
      this.#at++;
      return token.value;
    }
    if (token.kind !== "name" || !/^(?:inf|nan)$/i.test(token.text)) return undefined;
    this.#at++;
    return token.text.toLowerCase() === "inf" ? Number.POSITIVE_INFINITY : Number.NaN;
  }

  #unary(): Expr {
    const token = this.#token;
    if (!this.#isMark("-") && !this.#isMark("+")) return this.#postfix(this.#primary());
    this.#at++;
    const negative = token.text === "-";
    const expr = this.#expression(UNARY_BINDING);
    if (expr.kind === "number") {
      return { ...expr, value: negative ? -expr.value : expr.value, start: token.start };
    }
    return { kind: "unary", negative, expr, start: token.start, end: expr.end };
  }

  #primary(): Expr {
    const token = this.#token;
    if (this.#isMark("(")) {
      this.#at++;
      const expr = this.#expression(0);
      const { end } = this.#expect(")");
      return { kind: "paren", expr, start: token.start, end };
    }
    if (this.#isMark("{")) return this.#selector(undefined, token.start);
    if (token.kind === "string") {
      this.#at++;
      return { kind: "string", text: token.text, start: token.start, end: token.end };
    }
    const value = this.#number();
    if (value !== undefined) return { kind: "number", value, start: token.start, end: token.end };
    if (token.kind !== "name") throw this.#unexpected("an expression");
    this.#at++;
    const aggregate = keyIn(AGGREGATES, token.text.toLowerCase());
    if (aggregate !== undefined && (this.#isMark("(") || this.#isWord("by") || this.#isWord("without"))) {
      return this.#aggregate(aggregate, token.start);
    }
    if (this.#isMark("(")) return this.#call(token);
    return this.#selector(token.text, token.start, token.end);
  }

  #call(token: Token): Expr {
    if (!SIGNATURES.has(token.text)) throw this.#error(token, `unknown function with name "${token.text}"`);
    const { args, end } = this.#arguments();
    return { kind: "call", name: token.text, args, start: token.start, end };
  }

  #arguments(): { args: Expr[]; end: number } {
    this.#expect("(");
    const args: Expr[] = [];
    while (!this.#isMark(")")) {
      args.push(this.#expression(0));
      if (!this.#take(",")) break;
      if (this.#isMark(")")) throw this.#unexpected("an argument; trailing commas are not allowed in calls");
    }
    return { args, end: this.#expect(")").end };
  }

  #aggregate(operator: AggregateOperator, start: number): Aggregate {
    let grouping = this.#grouping();
    const { args, end } = this.#arguments();
    let last = end;
    if (grouping === undefined) {
      grouping = this.#grouping();
      if (grouping !== undefined) last = this.#tokens[this.#at - 1]?.end ?? end;
    }
    const wanted = AGGREGATES[operator] === "none" ? 1 : 2;
    if (args.length !== wanted) {
      throw this.#error(
        { start, end },
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const expr = args[wanted - 1];
    if (expr === undefined)
      throw this.#error({ start, end }, "no arguments for aggregate expression provided");
    return {
      kind: "aggregate",
      operator,
      expr,
      parameter: wanted === 2 ? args[0] : undefined,
      grouping: grouping?.labels ?? [],
      without: grouping?.without ?? false,
      start,
      end: last,
    };
  }

  #grouping(): { labels: string[]; without: boolean } | undefined {
    if (!this.#isWord("by") && !this.#isWord("without")) return undefined;
    const without = this.#next().text.toLowerCase() === "without";
    return { labels: this.#labelNames(), without };
  }

  #labelNames(): string[] {
    this.#expect("(");
    const names: string[] = [];
    while (!this.#isMark(")")) {
      const token = this.#token;
      if (token.kind !== "name" && token.kind !== "string") throw this.#unexpected("a label name");
      this.#at++;
      names.push(token.text);
      if (!this.#take(",")) break;
    }
    this.#expect(")");
    return names;
  }

  #selector(name: string | undefined, start: number, nameEnd = start): VectorSelector {
    const matchers: Matcher[] = [];
    let own = name;
    let end = nameEnd;
    if (this.#take("{")) {
      while (!this.#isMark("}")) {
        const token = this.#token;
        if (token.kind !== "name" && token.kind !== "string") throw this.#unexpected('a label name or "}"');
        this.#at++;
        const operator = this.#matchOperator();
        if (operator !== undefined) {
          const value = this.#token;
          if (value.kind !== "string") throw this.#unexpected("a quoted value");
          this.#at++;
          matchers.push(matcherOf(token.text, operator, value.text, (why) => this.#error(value, why)));
        } else if (token.kind === "string") {
          if (own !== undefined) {
            throw this.#error(token, `metric name must not be set twice: "${own}" or "${token.text}"`);
          }
          own = token.text;
        } else throw this.#unexpected('one of "=", "!=", "=~", "!~"');
        if (!this.#take(",")) break;
      }
      end = this.#expect("}").end;
    }
    if (own !== undefined) {
      const twice = matchers.find((matcher) => matcher.name === METRIC_NAME);
      if (twice !== undefined) {
        throw this.#error({ start, end }, `metric name must not be set twice: "${own}" or "${twice.value}"`);
      }
      matchers.push(matcherOf(METRIC_NAME, "=", own, (why) => this.#error({ start, end }, why)));
    }
    return {
      kind: "selector",
      name: own,
      matchers,
      offset: undefined,
      at: undefined,
      extended: undefined,
      start,
      end,
    };
  }

  #matchOperator(): MatchOperator | undefined {
    const { kind, text } = this.#token;
    const operator = kind === "mark" ? keyIn(MATCH_OPERATORS, text) : undefined;
    if (operator !== undefined) this.#at++;
    return operator;
  }

  /** #postfix reads what may stand behind an expression: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`. */
  #postfix(primary: Expr): Expr {
    let expr = primary;
    for (;;) {
      if (this.#isMark("[")) expr = this.#bracket(expr);
      else if (this.#isWord("offset")) expr = this.#offset(expr);
      else if (this.#isMark("@")) expr = this.#atTime(expr);
      else if (this.#isWord("anchored") || this.#isWord("smoothed")) expr = this.#extended(expr);
      else return expr;
    }
  }

  #bracket(expr: Expr): Expr {
    const opening = this.#expect("[");
    const range = this.#duration(0);
    if (this.#take(":")) {
      const step = this.#isMark("]") ? undefined : this.#positive(this.#duration(0), opening);
      const { end } = this.#expect("]");
      return {
        kind: "subquery",
        expr,
        range: this.#positive(range, opening),
        step,
        offset: undefined,
        at: undefined,
        start: expr.start,
        end,
      };
    }
    const { end } = this.#expect("]");
    if (expr.kind !== "selector")
      throw this.#error({ start: expr.start, end }, "ranges only allowed for vector selectors");
    if (expr.offset !== undefined) {
      throw this.#error({ start: expr.start, end }, "no offset modifiers allowed before range");
    }
    if (expr.at !== undefined)
      throw this.#error({ start: expr.start, end }, "no @ modifiers allowed before range");
    return { kind: "range", selector: expr, range: this.#positive(range, opening), start: expr.start, end };
  }

  /** #positive refuses durations that come out as zero or less, as soon as that is known. */
  #positive(duration: Duration, place: Place): Duration {
    return (context) => {
      const value = duration(context);
      if (!(value > 0)) throw this.#error(place, "duration must be greater than 0");
      return value;
    };
  }

  #offset(expr: Expr): Expr {
    const token = this.#next();
    const offset = this.#offsetDuration();
    return this.#shifted(expr, token, "offset", (shift) => {
      if (shift.offset !== undefined) throw this.#error(token, "offset may not be set multiple times");
      return { offset };
    });
  }

  #atTime(expr: Expr): Expr {
    const token = this.#next();
    const at = this.#atValue();
    return this.#shifted(expr, token, "@", (shift) => {
      if (shift.at !== undefined) throw this.#error(token, "@ <timestamp> may not be set multiple times");
      return { at };
    });
  }

  #atValue(): At {
    const token = this.#token;
    if ((this.#isWord("start") || this.#isWord("end")) && this.#tokens[this.#at + 1]?.text === "(") {
      this.#at++;
      this.#expect("(");
      this.#expect(")");
      return token.text.toLowerCase() === "start" ? "start" : "end";
    }
    const seconds = this.#signedNumber();
    if (!Number.isFinite(seconds) || Math.abs(seconds) > 9.2e15) {
      throw this.#error(token, `timestamp out of bounds for @ modifier: ${seconds}`);
    }
    return Math.round(seconds * 1000);
  }

  #shifted(
    expr: Expr,
    token: Token,
    what: string,
    change: (shift: {
      offset: Duration | undefined;
      at: At | undefined;
    }) => { offset: Duration } | { at: At },
  ): Expr {
    const end = this.#tokens[this.#at - 1]?.end ?? expr.end;
    if (expr.kind === "selector" || expr.kind === "subquery") return { ...expr, ...change(expr), end };
    if (expr.kind === "range") {
      return { ...expr, selector: { ...expr.selector, ...change(expr.selector) }, end };
    }
    throw this.#error(
      token,
      `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
    );
  }

  #extended(expr: Expr): Expr {
    const token = this.#next();
    const extended = token.text.toLowerCase() === "anchored" ? "anchored" : "smoothed";
    const set = (selector: VectorSelector): VectorSelector => {
      if (selector.extended !== undefined) {
        throw this.#error(token, "anchored and smoothed modifiers cannot be used together or twice");
      }
      return { ...selector, extended };
    };
    if (expr.kind === "selector") return { ...set(expr), end: token.end };
    if (expr.kind === "range") return { ...expr, selector: set(expr.selector), end: token.end };
    throw this.#error(
      token,
      `${extended} modifier must be preceded by a vector selector or a range vector selector`,
    );
  }

  /** #duration reads arithmetic over durations, `step()` and `range()`; numbers are seconds. */
  #duration(binding: number): Duration {
    return this.#deeper(() => {
      let left = this.#durationUnary();
      for (;;) {
        const { kind, text } = this.#token;
        const own = kind === "mark" && "+-*/%^".includes(text) ? BINDINGS.get(text) : undefined;
        if (own === undefined || own <= binding) return left;
        const place = this.#next();
        const first = left;
        const second = this.#duration(text === "^" ? own - 1 : own);
        left = (context) => this.#computed(text, first(context), second(context), place);
      }
    });
  }

  #computed(operator: string, left: number, right: number, place: Place): number {
    // Both are milliseconds; the arithmetic is that of seconds.
    const [a, b] = [left / 1000, right / 1000];
    if (operator === "+") return (a + b) * 1000;
    if (operator === "-") return (a - b) * 1000;
    if (operator === "*") return a * b * 1000;
    if (operator === "^") return a ** b * 1000;
    if (b === 0) throw this.#error(place, operator === "/" ? "division by zero" : "modulo by zero");
    return (operator === "/" ? a / b : a % b) * 1000;
  }

  /** #offsetDuration reads no arithmetic without parentheses: in `x offset 5m + 1` the sum is of x. */
  #offsetDuration(): Duration {
    const negative = this.#take("-");
    if (!negative) this.#take("+");
    const duration = this.#durationPrimary();
    return negative ? (context) => -duration(context) : duration;
  }

  #durationUnary(): Duration {
    if (this.#isMark("-") || this.#isMark("+")) {
      const negative = this.#next().text === "-";
      // A sign binds less than a power: -2^2 is -4.
      const inner = this.#duration(UNARY_BINDING);
      return negative ? (context) => -inner(context) : inner;
    }
    return this.#durationPrimary();
  }

  #durationPrimary(): Duration {
    const token = this.#token;
    if (this.#take("(")) {
      const inner = this.#duration(0);
      this.#expect(")");
      return inner;
    }
    const value = this.#number();
    if (value !== undefined) {
      if (!Number.isFinite(value) || value * 1000 > Number.MAX_SAFE_INTEGER) {
        throw this.#error(token, "duration out of range");
      }
      return () => value * 1000;
    }
    const word = token.kind === "name" ? token.text.toLowerCase() : "";
    if (word === "step" || word === "range") {
      this.#at++;
      this.#expect("(");
      this.#expect(")");
      return (context) => context[word];
    }
    if (word === "min_of" || word === "max_of" || word === "min" || word === "max") {
      this.#at++;
      this.#expect("(");
      const first = this.#duration(0);
      this.#expect(",");
      const second = this.#duration(0);
      this.#expect(")");
      const choose = word.startsWith("min") ? Math.min : Math.max;
      return (context) => choose(first(context), second(context));
    }
    throw this.#unexpected("a duration such as 5m");
  }
}
