import { keyIn } from "../key-in.js";
import type {
  Aggregate,
  AggregateOperator,
  Binary,
  BinaryOperator,
  Expr,
  Matcher,
  Matching,
  MatchOperator,
  VectorSelector,
} from "./ast.js";
import { checkTypes } from "./check.js";
import { parseError } from "./errors.js";
import { METRIC_NAME } from "./labels.js";
import type { Token } from "./lex.js";
import { matcherOf } from "./matcher.js";
import { readModifiers } from "./parse-modifiers.js";
import { SIGNATURES } from "./signatures.js";
import { TokenReader } from "./token-reader.js";

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
  readonly #reader: TokenReader;

  constructor(text: string) {
    this.#reader = new TokenReader(text);
  }

  whole(): Expr {
    if (this.#reader.token.kind === "end")
      throw this.#reader.error(this.#reader.token, "no expression found in input");
    const expr = this.#expression(0);
    if (!this.#reader.isAtEnd) throw this.#reader.unexpected("an operator or the end");
    return expr;
  }

  #expression(binding: number): Expr {
    return this.#reader.deeper(() => {
      let left = this.#unary();
      for (;;) {
        const operator = this.#operator();
        const own = operator === undefined ? undefined : BINDING[operator];
        if (operator === undefined || own === undefined || own <= binding) return left;
        this.#reader.skip();
        left = this.#binary(left, operator, own);
      }
    });
  }

  #operator(): BinaryOperator | undefined {
    const token = this.#reader.token;
    const text = token.kind === "name" ? token.text.toLowerCase() : token.text;
    if (token.kind !== "mark" && token.kind !== "name") return undefined;
    return keyIn(BINDING, text);
  }

  #binary(left: Expr, operator: BinaryOperator, own: number): Binary {
    const bool = this.#reader.takeWord("bool");
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
    const matched = this.#reader.isWord("on") || this.#reader.isWord("ignoring");
    if (matched) {
      on = this.#reader.isWord("on");
      this.#reader.skip();
      labels = this.#labelNames();
      if (this.#reader.isWord("group_left") || this.#reader.isWord("group_right")) {
        group = this.#reader.isWord("group_left") ? "left" : "right";
        this.#reader.skip();
        if (this.#reader.isMark("(")) include = this.#labelNames();
      }
    }
    let fillLeft: number | undefined;
    let fillRight: number | undefined;
    while (
      this.#reader.isWord("fill") ||
      this.#reader.isWord("fill_left") ||
      this.#reader.isWord("fill_right")
    ) {
      // A metric of this name is no modifier: `a + fill` has no parenthesis behind it.
      if (this.#reader.second?.text !== "(") break;
      const word = this.#reader.next().text.toLowerCase();
      this.#reader.expect("(");
      const value = this.#reader.signedNumber();
      this.#reader.expect(")");
      if (word !== "fill_right") fillLeft = value;
      if (word !== "fill_left") fillRight = value;
    }
    return { on, labels, group, include, fillLeft, fillRight };
  }

  #unary(): Expr {
    const token = this.#reader.token;
    if (!this.#reader.isMark("-") && !this.#reader.isMark("+"))
      return readModifiers(this.#reader, this.#primary());
    this.#reader.skip();
    const negative = token.text === "-";
    const expr = this.#expression(UNARY_BINDING);
    if (expr.kind === "number") {
      return { ...expr, value: negative ? -expr.value : expr.value, start: token.start };
    }
    return { kind: "unary", negative, expr, start: token.start, end: expr.end };
  }

  #primary(): Expr {
    const token = this.#reader.token;
    if (this.#reader.isMark("(")) {
      this.#reader.skip();
      const expr = this.#expression(0);
      const { end } = this.#reader.expect(")");
      return { kind: "paren", expr, start: token.start, end };
    }
    if (this.#reader.isMark("{")) return this.#selector(undefined, token.start);
    if (token.kind === "string") {
      this.#reader.skip();
      return { kind: "string", text: token.text, start: token.start, end: token.end };
    }
    const value = this.#reader.number();
    if (value !== undefined) return { kind: "number", value, start: token.start, end: token.end };
    if (token.kind !== "name") throw this.#reader.unexpected("an expression");
    this.#reader.skip();
    const aggregate = keyIn(AGGREGATES, token.text.toLowerCase());
    if (
      aggregate !== undefined &&
      (this.#reader.isMark("(") || this.#reader.isWord("by") || this.#reader.isWord("without"))
    ) {
      return this.#aggregate(aggregate, token.start);
    }
    if (this.#reader.isMark("(")) return this.#call(token);
    return this.#selector(token.text, token.start, token.end);
  }

  #call(token: Token): Expr {
    if (!SIGNATURES.has(token.text))
      throw this.#reader.error(token, `unknown function with name "${token.text}"`);
    const { args, end } = this.#arguments();
    return { kind: "call", name: token.text, args, start: token.start, end };
  }

  #arguments(): { args: Expr[]; end: number } {
    this.#reader.expect("(");
    const args: Expr[] = [];
    while (!this.#reader.isMark(")")) {
      args.push(this.#expression(0));
      if (!this.#reader.take(",")) break;
      if (this.#reader.isMark(")"))
        throw this.#reader.unexpected("an argument; trailing commas are not allowed in calls");
    }
    return { args, end: this.#reader.expect(")").end };
  }

  #aggregate(operator: AggregateOperator, start: number): Aggregate {
    let grouping = this.#grouping();
    const { args, end } = this.#arguments();
    let last = end;
    if (grouping === undefined) {
      grouping = this.#grouping();
      if (grouping !== undefined) last = this.#reader.lastEnd;
    }
    const wanted = AGGREGATES[operator] === "none" ? 1 : 2;
    if (args.length !== wanted) {
      throw this.#reader.error(
        { start, end },
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const expr = args[wanted - 1];
    if (expr === undefined)
      throw this.#reader.error({ start, end }, "no arguments for aggregate expression provided");
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
    if (!this.#reader.isWord("by") && !this.#reader.isWord("without")) return undefined;
    const without = this.#reader.next().text.toLowerCase() === "without";
    return { labels: this.#labelNames(), without };
  }

  #labelNames(): string[] {
    this.#reader.expect("(");
    const names: string[] = [];
    while (!this.#reader.isMark(")")) {
      const token = this.#reader.token;
      if (token.kind !== "name" && token.kind !== "string") throw this.#reader.unexpected("a label name");
      this.#reader.skip();
      names.push(token.text);
      if (!this.#reader.take(",")) break;
    }
    this.#reader.expect(")");
    return names;
  }

  #selector(name: string | undefined, start: number, nameEnd = start): VectorSelector {
    const matchers: Matcher[] = [];
    let own = name;
    let end = nameEnd;
    if (this.#reader.take("{")) {
      while (!this.#reader.isMark("}")) {
        const token = this.#reader.token;
        if (token.kind !== "name" && token.kind !== "string")
          throw this.#reader.unexpected('a label name or "}"');
        this.#reader.skip();
        const operator = this.#matchOperator();
        if (operator !== undefined) {
          const value = this.#reader.token;
          if (value.kind !== "string") throw this.#reader.unexpected("a quoted value");
          this.#reader.skip();
          matchers.push(matcherOf(token.text, operator, value.text, (why) => this.#reader.error(value, why)));
        } else if (token.kind === "string") {
          if (own !== undefined) {
            throw this.#reader.error(token, `metric name must not be set twice: "${own}" or "${token.text}"`);
          }
          own = token.text;
        } else throw this.#reader.unexpected('one of "=", "!=", "=~", "!~"');
        if (!this.#reader.take(",")) break;
      }
      end = this.#reader.expect("}").end;
    }
    if (own !== undefined) {
      const twice = matchers.find((matcher) => matcher.name === METRIC_NAME);
      if (twice !== undefined) {
        throw this.#reader.error(
          { start, end },
          `metric name must not be set twice: "${own}" or "${twice.value}"`,
        );
      }
      matchers.push(matcherOf(METRIC_NAME, "=", own, (why) => this.#reader.error({ start, end }, why)));
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
    const { kind, text } = this.#reader.token;
    const operator = kind === "mark" ? keyIn(MATCH_OPERATORS, text) : undefined;
    if (operator !== undefined) this.#reader.skip();
    return operator;
  }
}
