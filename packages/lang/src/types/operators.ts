import type { BinaryExpr, UnaryExpr } from "../syntax/ast.js";
import { assignable, bare, fits, rangeOf, wrap } from "./convert.js";
import { type Env, fail } from "./env.js";
import { lacks, unseen } from "./existence.js";
import type { Constant } from "./symbols.js";
import {
  badType,
  boolType,
  identical,
  intType,
  type Type,
  typeName,
  under,
  untypedInt,
  untypedNil,
} from "./type.js";

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const logical: ReadonlySet<string> = new Set(["&&", "||"]);
const shifts: ReadonlySet<string> = new Set(["<<", ">>"]);

/** compare evaluates a comparison of two ordered values. */
function compare<T extends bigint | string>(operator: string, a: T, b: T): boolean {
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    default:
      return a >= b;
  }
}

/** arithmetic evaluates an operator on exact integers; division truncates as in Go. */
export function arithmetic(operator: string, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? undefined : a / b;
    case "%":
      return b === 0n ? undefined : a % b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&^":
      return a & ~b;
    case "<<":
      return b < 0n || b > 512n ? undefined : a << b;
    case ">>":
      return b < 0n || b > 512n ? undefined : a >> b;
    default:
      return undefined;
  }
}

function fold(env: Env, expr: BinaryExpr, operator: string, a: Constant, b: Constant, type: Type): void {
  let value: Constant | undefined;
  if (typeof a === "bigint" && typeof b === "bigint") {
    if (comparisons.has(operator)) value = compare(operator, a, b);
    else value = arithmetic(operator, a, b);
  } else if (typeof a === "boolean" && typeof b === "boolean") {
    if (operator === "&&") value = a && b;
    else if (operator === "||") value = a || b;
    else value = operator === "==" ? a === b : a !== b;
  } else if (typeof a === "string" && typeof b === "string") {
    value = operator === "+" ? a + b : comparisons.has(operator) ? compare(operator, a, b) : undefined;
  }
  if (value === undefined) return;
  const of = under(type);
  if (typeof value === "bigint" && of.kind === "int" && !fits(value, of)) {
    fail(env, "constant-overflow", expr, `${value} does not fit ${typeName(type)}`, rangeOf(type));
    value = wrap(value, of);
  }
  env.unit.constants.set(expr.id, value);
}

function shift(env: Env, expr: BinaryExpr, want: Type | undefined): Type {
  let left = env.check(env, expr.left, want);
  const right = env.check(env, expr.right);
  const a = env.unit.constants.get(expr.left.id);
  const b = env.unit.constants.get(expr.right.id);
  if (right.kind === "untyped")
    assignable(
      env,
      expr.right,
      right,
      { kind: "int", name: "uint", bits: 64, signed: false },
      "the shift count",
    );
  else if (under(right).kind !== "int" && right.kind !== "bad")
    fail(env, "wrong-type", expr.right, `a shift count is an integer, this is ${typeName(right)}`);
  if (left.kind === "untyped" && typeof b !== "bigint") {
    // Go: an untyped left operand of a non-constant shift takes the type it would have without the shift.
    const to =
      want !== undefined && under(want).kind === "int"
        ? want
        : { kind: "int" as const, name: "int", bits: 64 as const, signed: true };
    assignable(env, expr.left, left, to, "the shifted value");
    left = to;
  }
  const of = under(left);
  if (left.kind !== "untyped" && of.kind !== "int") {
    if (left.kind !== "bad")
      fail(env, "bad-operation", expr, `${expr.operator} needs an integer, this is ${typeName(left)}`);
    return badType;
  }
  if (typeof b === "bigint" && b < 0n)
    fail(env, "bad-operation", expr.right, "a shift count cannot be negative");
  if (a !== undefined && b !== undefined) fold(env, expr, expr.operator, a, b, left);
  return left;
}

function comparable(type: Type): boolean {
  const of = under(type);
  return (
    of.kind === "bad" ||
    of.kind === "int" ||
    of.kind === "bool" ||
    of.kind === "pointer" ||
    (of.kind === "array" && comparable(of.element)) ||
    (of.kind === "struct" && of.kernel === undefined && of.fields.every((field) => comparable(field.type))) ||
    of.kind === "untyped"
  );
}

function isText(type: Type): boolean {
  return type.kind === "untyped" && type.of === "string";
}

/** checkBinary checks an operation of two operands. */
export function checkBinary(env: Env, expr: BinaryExpr, want: Type | undefined): Type {
  const { operator } = expr;
  if (shifts.has(operator)) return shift(env, expr, want);
  const inner = comparisons.has(operator) || logical.has(operator) ? undefined : want;
  let left = env.check(env, expr.left, inner);
  const known = logical.has(operator) ? lacks(env, expr.left) : undefined;
  if (known !== undefined && known === (operator === "||")) {
    env.check(unseen(env), expr.right);
    env.unit.constants.set(expr.id, known);
    return boolType;
  }
  let right = env.check(env, expr.right, left.kind === "untyped" ? inner : left);
  if (left.kind === "bad" || right.kind === "bad")
    return comparisons.has(operator) || logical.has(operator) ? boolType : badType;
  if (operator === "+" && (isText(left) || isText(right)) && left.kind !== right.kind) {
    const hint = "bpf.Copy and ReadUserString fill a [N]byte; send the parts as fields of their own";
    fail(env, "heap", expr, "joining text needs a heap", hint);
    return badType;
  }
  const rightInteger = under(right).kind === "int" || (right.kind === "untyped" && right.of === "int");
  if ((operator === "+" || operator === "-") && under(left).kind === "pointer" && rightInteger) {
    if (right.kind === "untyped") assignable(env, expr.right, right, intType, "the distance");
    return left;
  }
  const arithmetical = !comparisons.has(operator) && !logical.has(operator);
  if (arithmetical && (under(left).kind === "pointer" || under(right).kind === "pointer")) {
    const hint = "use bpf.Addr(p) + n and bpf.User[T](address) or bpf.Kernel[T](address)";
    fail(env, "bad-operation", expr, "pointers have no arithmetic", hint);
    return badType;
  }
  if (left.kind === "untyped" && right.kind !== "untyped") {
    if (!assignable(env, expr.left, left, right, `the left side of ${operator}`))
      return comparisons.has(operator) ? boolType : badType;
    left = right;
  } else if (right.kind === "untyped" && left.kind !== "untyped") {
    if (!assignable(env, expr.right, right, left, `the right side of ${operator}`))
      return comparisons.has(operator) ? boolType : badType;
    right = left;
  }
  if (!identical(left, right)) {
    fail(
      env,
      "wrong-type",
      expr,
      `${operator} has ${typeName(left)} on the left and ${typeName(right)} on the right`,
      "convert one of them",
    );
    return comparisons.has(operator) ? boolType : badType;
  }
  const of = under(left);
  const a = env.unit.constants.get(expr.left.id);
  const b = env.unit.constants.get(expr.right.id);
  const constants = a !== undefined && b !== undefined;
  if (logical.has(operator)) {
    if (of.kind !== "bool")
      fail(
        env,
        "bad-operation",
        expr,
        `${operator} needs bool, this is ${typeName(left)}`,
        "compare with 0 or nil",
      );
    else if (constants) fold(env, expr, operator, a, b, boolType);
    return boolType;
  }
  if (comparisons.has(operator)) {
    const ordered = operator !== "==" && operator !== "!=";
    if (!comparable(left) || (ordered && of.kind !== "int" && of.kind !== "untyped")) {
      fail(
        env,
        "bad-operation",
        expr,
        `${operator} does not compare ${typeName(left)}`,
        of.kind === "struct" ? "compare its fields" : undefined,
      );
    } else if (constants) fold(env, expr, operator, a, b, boolType);
    return boolType;
  }
  const stringSum = of.kind === "untyped" && of.of === "string" && operator === "+";
  if (of.kind !== "int" && !(of.kind === "untyped" && (of.of === "int" || stringSum))) {
    fail(env, "bad-operation", expr, `${operator} needs integers, this is ${typeName(left)}`);
    return badType;
  }
  if ((operator === "/" || operator === "%") && b === 0n)
    fail(
      env,
      "bad-operation",
      expr.right,
      "division by zero",
      "a divisor that is a variable may be 0: then the result is 0",
    );
  else if (constants) fold(env, expr, operator, a, b, left);
  return left;
}

/** markAddressTaken puts the variable under an address into memory. */
export function markAddressTaken(env: Env, expr: UnaryExpr["operand"]): void {
  const inner = bare(expr);
  if (inner.kind === "name") {
    const symbol = env.unit.symbols.get(inner.id);
    if (symbol?.kind === "variable") symbol.addressTaken = true;
  } else if (inner.kind === "selector" || (inner.kind === "index" && inner.indices.length === 1)) {
    const object = env.unit.types.get(inner.object.id);
    if (object !== undefined && under(object).kind !== "pointer") markAddressTaken(env, inner.object);
  }
}

function address(env: Env, expr: UnaryExpr, want: Type | undefined): Type {
  const inner = bare(expr.operand);
  const target = want === undefined ? undefined : under(want);
  const type = env.check(env, expr.operand, target?.kind === "pointer" ? target.target : undefined);
  if (inner.kind === "name") {
    const symbol = env.unit.symbols.get(inner.id);
    if (symbol?.kind === "map") return { kind: "pointer", target: type };
    if (symbol?.kind === "constant" || symbol?.kind === "function") {
      fail(
        env,
        "bad-operation",
        expr,
        `${inner.name} has no address`,
        "only variables, fields and elements have one",
      );
      return badType;
    }
  } else if (
    inner.kind !== "selector" &&
    inner.kind !== "index" &&
    inner.kind !== "star" &&
    inner.kind !== "composite"
  ) {
    fail(env, "bad-operation", expr, "this has no address", "assign it to a variable first");
    return badType;
  }
  markAddressTaken(env, expr.operand);
  return type.kind === "bad" ? badType : { kind: "pointer", target: type };
}

/** checkUnary checks an operation of one operand. */
export function checkUnary(env: Env, expr: UnaryExpr, want: Type | undefined): Type {
  if (expr.operator === "&") return address(env, expr, want);
  const type = env.check(env, expr.operand, want);
  if (type.kind === "bad") return badType;
  const of = under(type);
  const value = env.unit.constants.get(expr.operand.id);
  if (expr.operator === "!") {
    if (of.kind !== "bool")
      fail(
        env,
        "bad-operation",
        expr,
        `! needs bool, this is ${typeName(type)}`,
        "compare with == 0 or == nil",
      );
    else if (typeof value === "boolean") env.unit.constants.set(expr.id, !value);
    return boolType;
  }
  if (of.kind !== "int" && !identical(type, untypedInt)) {
    if (type !== untypedNil)
      fail(env, "bad-operation", expr, `${expr.operator} needs an integer, this is ${typeName(type)}`);
    return badType;
  }
  if (of.kind === "untyped" && of.of !== "int") {
    fail(env, "bad-operation", expr, `${expr.operator} needs an integer, this is ${typeName(type)}`);
    return badType;
  }
  if (typeof value === "bigint") {
    let result = expr.operator === "-" ? -value : expr.operator === "^" ? ~value : value;
    if (of.kind === "int" && expr.operator === "^") result = wrap(result, of);
    if (of.kind === "int" && !fits(result, of)) {
      fail(env, "constant-overflow", expr, `${result} does not fit ${typeName(type)}`, rangeOf(type));
      result = wrap(result, of);
    }
    env.unit.constants.set(expr.id, result);
  }
  return type;
}
