import type { Duration } from "./ast.js";
import type { Place } from "./errors.js";
import type { TokenReader } from "./token-reader.js";

/** How tightly the operators of durations bind, as they do between series; a sign binds less than a power. */
const BINDING: ReadonlyMap<string, number> = new Map([
  ["+", 4],
  ["-", 4],
  ["*", 5],
  ["/", 5],
  ["%", 5],
  ["^", 7],
]);
const UNARY_BINDING = 6;

/** readDuration reads arithmetic over durations, `step()` and `range()`; numbers are seconds. */
export function readDuration(reader: TokenReader, binding = 0): Duration {
  return reader.deeper(() => {
    let left = signed(reader);
    for (;;) {
      const { kind, text } = reader.token;
      const own = kind === "mark" && "+-*/%^".includes(text) ? BINDING.get(text) : undefined;
      if (own === undefined || own <= binding) return left;
      const place = reader.next();
      const first = left;
      const second = readDuration(reader, text === "^" ? own - 1 : own);
      left = (context) => computed(reader, text, first(context), second(context), place);
    }
  });
}

function computed(reader: TokenReader, operator: string, left: number, right: number, place: Place): number {
  // Both are milliseconds; the arithmetic is that of seconds.
  const [a, b] = [left / 1000, right / 1000];
  if (operator === "+") return (a + b) * 1000;
  if (operator === "-") return (a - b) * 1000;
  if (operator === "*") return a * b * 1000;
  if (operator === "^") return a ** b * 1000;
  if (b === 0) throw reader.error(place, operator === "/" ? "division by zero" : "modulo by zero");
  return (operator === "/" ? a / b : a % b) * 1000;
}

/** readOffset reads no arithmetic without parentheses: in `x offset 5m + 1` the sum is of x. */
export function readOffset(reader: TokenReader): Duration {
  const negative = reader.take("-");
  if (!negative) reader.take("+");
  const duration = primary(reader);
  return negative ? (context) => -duration(context) : duration;
}

function signed(reader: TokenReader): Duration {
  if (reader.isMark("-") || reader.isMark("+")) {
    const negative = reader.next().text === "-";
    // A sign binds less than a power: -2^2 is -4.
    const inner = readDuration(reader, UNARY_BINDING);
    return negative ? (context) => -inner(context) : inner;
  }
  return primary(reader);
}

function primary(reader: TokenReader): Duration {
  const token = reader.token;
  if (reader.take("(")) {
    const inner = readDuration(reader, 0);
    reader.expect(")");
    return inner;
  }
  const value = reader.number();
  if (value !== undefined) {
    if (!Number.isFinite(value) || value * 1000 > Number.MAX_SAFE_INTEGER) {
      throw reader.error(token, "duration out of range");
    }
    return () => value * 1000;
  }
  const word = token.kind === "name" ? token.text.toLowerCase() : "";
  if (word === "step" || word === "range") {
    reader.skip();
    reader.expect("(");
    reader.expect(")");
    return (context) => context[word];
  }
  if (word === "min_of" || word === "max_of" || word === "min" || word === "max") {
    reader.skip();
    reader.expect("(");
    const first = readDuration(reader, 0);
    reader.expect(",");
    const second = readDuration(reader, 0);
    reader.expect(")");
    const choose = word.startsWith("min") ? Math.min : Math.max;
    return (context) => choose(first(context), second(context));
  }
  throw reader.unexpected("a duration such as 5m");
}

/** positive refuses durations that come out as zero or less, as soon as that is known. */
export function positive(reader: TokenReader, duration: Duration, place: Place): Duration {
  return (context) => {
    const value = duration(context);
    if (!(value > 0)) throw reader.error(place, "duration must be greater than 0");
    return value;
  };
}
