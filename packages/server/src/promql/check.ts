import { type Binary, type Call, COMPARISONS, type Expr, SETS, type ValueType } from "./ast.js";
import { type Place, parseError } from "./errors.js";
import { SIGNATURES } from "./signatures.js";

const TITLES: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  vector: "instant vector",
  matrix: "range vector",
  string: "string",
};

/** typeOf gives what an expression yields. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "selector":
    case "aggregate":
      return "vector";
    case "range":
    case "subquery":
      return "matrix";
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "paren":
    case "unary":
      return typeOf(expr.expr);
    case "call":
      return SIGNATURES.get(expr.name)?.gives ?? "vector";
    case "binary":
      return typeOf(expr.left) === "scalar" && typeOf(expr.right) === "scalar" ? "scalar" : "vector";
  }
}

/** checkTypes refuses what cannot be evaluated whatever the data are. Throws PromqlError. */
export function checkTypes(expr: Expr, text: string): void {
  const error = (place: Place, why: string): Error => parseError(text, place, why);
  const expectType = (each: Expr, wanted: ValueType, where: string): void => {
    checkTypes(each, text);
    const found = typeOf(each);
    if (found !== wanted)
      throw error(each, `expected type ${TITLES[wanted]} in ${where}, got ${TITLES[found]}`);
  };
  switch (expr.kind) {
    case "aggregate":
      expectType(expr.expr, "vector", "aggregation expression");
      if (expr.parameter !== undefined) {
        expectType(
          expr.parameter,
          expr.operator === "count_values" ? "string" : "scalar",
          "aggregation parameter",
        );
      }
      return;
    case "binary":
      checkTypes(expr.left, text);
      checkTypes(expr.right, text);
      checkBinary(expr, error);
      return;
    case "call":
      checkCall(expr, error, expectType);
      return;
    case "paren":
      checkTypes(expr.expr, text);
      return;
    case "unary": {
      checkTypes(expr.expr, text);
      const type = typeOf(expr.expr);
      if (type !== "scalar" && type !== "vector") {
        throw error(
          expr,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${TITLES[type]}"`,
        );
      }
      return;
    }
    case "subquery":
      checkTypes(expr.expr, text);
      if (typeOf(expr.expr) !== "vector") {
        throw error(expr, `subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`);
      }
      return;
    case "range":
      checkTypes(expr.selector, text);
      return;
    case "selector":
      if (!expr.matchers.some((matcher) => !matcher.matches(""))) {
        throw error(expr, "vector selector must contain at least one non-empty matcher");
      }
      return;
    case "number":
    case "string":
      return;
  }
}

function checkBinary(expr: Binary, error: (place: Place, why: string) => Error): void {
  const { operator, left, right, matching } = expr;
  const types = [typeOf(left), typeOf(right)];
  const comparison = COMPARISONS.has(operator);
  const set = SETS.has(operator);
  if (expr.bool && !comparison) throw error(expr, "bool modifier can only be used on comparison operators");
  if (types.some((type) => type !== "scalar" && type !== "vector")) {
    throw error(expr, "binary expression must contain only scalar and instant vector types");
  }
  const scalars = types.every((type) => type === "scalar");
  if (comparison && !expr.bool && scalars)
    throw error(expr, "comparisons between scalars must use BOOL modifier");
  const both = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (both !== undefined) throw error(expr, `label "${both}" must not occur in ON and GROUP clause at once`);
  const filled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (types.includes("scalar")) {
    if (set) throw error(expr, `set operator "${operator}" not allowed in binary scalar expression`);
    if (matching.labels.length > 0) throw error(expr, "vector matching only allowed between instant vectors");
    if (filled) throw error(expr, "filling in missing series only allowed between instant vectors");
  } else if (set) {
    if (matching.group !== undefined) throw error(expr, `no grouping allowed for "${operator}" operation`);
    if (filled) throw error(expr, "filling in missing series not allowed for set operators");
  }
}

function checkCall(
  expr: Call,
  error: (place: Place, why: string) => Error,
  expectType: (expr: Expr, wanted: ValueType, where: string) => void,
): void {
  const { name, args } = expr;
  const signature = SIGNATURES.get(name);
  if (signature === undefined) throw error(expr, `unknown function with name "${name}"`);
  const { takes, more } = signature;
  if (more === 0 && args.length !== takes.length) {
    throw error(expr, `expected ${takes.length} argument(s) in call to "${name}", got ${args.length}`);
  }
  if (more !== 0 && args.length < takes.length - 1) {
    throw error(
      expr,
      `expected at least ${takes.length - 1} argument(s) in call to "${name}", got ${args.length}`,
    );
  }
  const most = takes.length - 1 + more;
  if (more > 0 && args.length > most) {
    throw error(expr, `expected at most ${most} argument(s) in call to "${name}", got ${args.length}`);
  }
  for (const [i, argument] of args.entries()) {
    const wanted = takes[Math.min(i, takes.length - 1)];
    if (wanted === undefined) continue;
    if (name === "info" && i === 1) {
      if (argument.kind !== "selector") throw error(argument, "expected label selectors only");
      if (argument.name !== undefined) {
        throw error(argument, "expected label selectors only, got vector selector instead");
      }
      continue;
    }
    expectType(argument, wanted, `call to function "${name}"`);
  }
}
