import type { Expr } from "../syntax/ast.js";
import { wrap } from "../types/convert.js";
import type { Checked } from "../types/symbols.js";
import { type IntType, type Type, under } from "../types/type.js";

type Value = bigint | boolean;

const order: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

function integer(type: Type | undefined): IntType {
  const of = type === undefined ? undefined : under(type);
  if (of?.kind !== "int") throw new Error("an integer type is needed");
  return of;
}

/** exact evaluates on unbounded integers; division by zero gives 0, the remainder the dividend, as BPF has it. */
function exact(operator: string, a: bigint, b: bigint, type: IntType): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? 0n : a / b;
    case "%":
      return b === 0n ? a : a % b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "&^":
      return a & ~b;
    case "<<":
      return b >= BigInt(type.bits) ? 0n : a << b;
    case ">>":
      return b >= BigInt(type.bits) ? (a < 0n ? -1n : 0n) : a >> b;
    default:
      throw new Error(`no operator ${operator}`);
  }
}

/** evaluate computes an expression of the checked tree in TypeScript: what a compiled program must give too. */
export function evaluate(checked: Checked, expr: Expr, variables: ReadonlyMap<string, bigint>): Value {
  const constant = checked.constants.get(expr.id);
  if (typeof constant === "bigint" || typeof constant === "boolean") return constant;
  const number = (inner: Expr): bigint => {
    const value = evaluate(checked, inner, variables);
    if (typeof value !== "bigint") throw new Error("a number is needed");
    return value;
  };
  switch (expr.kind) {
    case "paren":
      return evaluate(checked, expr.inner, variables);
    case "name": {
      const value = variables.get(expr.name);
      if (value === undefined) throw new Error(`no variable ${expr.name}`);
      return value;
    }
    case "unary": {
      if (expr.operator === "!") return evaluate(checked, expr.operand, variables) !== true;
      const value = number(expr.operand);
      return wrap(expr.operator === "-" ? -value : ~value, integer(checked.types.get(expr.id)));
    }
    case "binary": {
      const { operator } = expr;
      if (operator === "&&" || operator === "||") {
        const left = evaluate(checked, expr.left, variables);
        if (left === (operator === "||")) return left;
        return evaluate(checked, expr.right, variables);
      }
      const compare = order[operator];
      if (compare !== undefined) return compare(number(expr.left), number(expr.right));
      const type = integer(checked.types.get(expr.id));
      const shift = operator === "<<" || operator === ">>";
      const count = shift ? BigInt.asUintN(64, number(expr.right)) : number(expr.right);
      return wrap(exact(operator, number(expr.left), count, type), type);
    }
    case "call": {
      const [argument] = expr.arguments;
      const call = checked.calls.get(expr.id);
      if (call?.kind === "conversion" && argument !== undefined)
        return wrap(number(argument), integer(call.to));
      break;
    }
    default:
  }
  throw new Error(`cannot evaluate ${expr.kind}`);
}
