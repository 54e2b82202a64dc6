import type { Block, Value } from "../ir/ir.js";
import type { BinaryExpr, Expr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { sizeOf, type Type, under } from "../types/type.js";
import { compareValues, operate, wide } from "./arithmetic.js";
import { comparedWords, equalBytes } from "./bytes.js";
import { callScalar } from "./calls.js";
import { constantOf, constantValue } from "./constant.js";
import { contextWord } from "./hook-words.js";
import { enumeratorValue } from "./kernel-facts.js";
import { addressOf, elementPlace, fieldPlace, movable, pointee, slotPlace, temporary } from "./places.js";
import { loadScalar } from "./scalar-access.js";
import { isDirect, type Low, type Place, refuse, type Scalar, typeOf } from "./state.js";
import { readVariable, storageOf } from "./variables.js";
import { viewOf } from "./views.js";

function binary(low: Low, expr: BinaryExpr): Scalar {
  const { operator } = expr;
  if (operator === "&&" || operator === "||") return { value: asBool(low, expr), space: "kernel" };
  const type = typeOf(low, expr.left);
  const of = under(type);
  if (of.kind === "pointer" && (operator === "+" || operator === "-"))
    return movePointer(low, expr, low.scalar(low, expr.left), expr.right, operator, of.target);
  if (of.kind === "array" || of.kind === "struct")
    return { value: compareMemory(low, expr), space: "kernel" };
  const left = low.scalar(low, expr.left).value;
  const right = low.scalar(low, expr.right).value;
  low.b.at = expr;
  const result = under(typeOf(low, expr)).kind;
  const comparing = result === "bool" && operator !== "&" && operator !== "|";
  if (comparing) return { value: compareValues(low, operator, left, right, type), space: "kernel" };
  return { value: operate(low, operator, left, right, typeOf(low, expr)), space: "kernel" };
}

/** asBool evaluates a condition into 0 or 1. */
function asBool(low: Low, expr: Expr): Value {
  const { b } = low;
  const variable = {};
  const [yes, no, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
  low.condition(low, expr, yes, no);
  for (const [block, value] of [
    [yes, 1n],
    [no, 0n],
  ] as const) {
    b.seal(block);
    b.enter(block);
    b.write(variable, b.constant(value, 32));
    b.jump(after);
  }
  b.seal(after);
  b.enter(after);
  return b.read(variable, 32);
}

function compareMemory(low: Low, expr: BinaryExpr): Value {
  const type = typeOf(low, expr.left);
  const text = constantOf(low, expr.right);
  const left = low.place(low, expr.left);
  const equal = equalBytes(
    low,
    left,
    typeof text === "string" ? text : low.place(low, expr.right),
    comparedWords(type),
  );
  return expr.operator === "==" ? equal : low.b.compare("eq", equal, low.b.constant(0n, 32));
}

/** movePointer goes on by elements, as C does: only through memory that is probed, for nothing tells where it ends. */
function movePointer(
  low: Low,
  expr: Expr,
  pointer: Scalar,
  by: Expr,
  operator: "+" | "-",
  target: Type,
): Scalar {
  const { b } = low;
  if (isDirect(pointer.space))
    refuse(
      low,
      "address-space",
      expr,
      `this points to ${pointer.space} memory, whose end must be known`,
      "use an array and an index",
    );
  const index = wide(low, low.scalar(low, by).value, typeOf(low, by));
  low.b.at = expr;
  const size = BigInt(Math.max(1, sizeOf(target)));
  const distance = size === 1n ? index : b.binary("mul", index, b.constant(size));
  const value = b.binary(
    operator === "+" ? "add" : "sub",
    movable(low, pointer.value, pointer.space, distance),
    distance,
  );
  return { value, space: pointer.space === "btf" ? "kernel" : pointer.space };
}

/** scalar evaluates an expression into a register. */
export function scalar(low: Low, expr: Expr): Scalar {
  const { b } = low;
  const type = typeOf(low, expr);
  const constant = constantOf(low, expr);
  b.at = expr;
  const selection = expr.kind === "selector" ? low.shared.checked.selections.get(expr.id) : undefined;
  if (selection?.kind === "context-word" && expr.kind === "selector")
    return contextWord(low, expr.object, selection.index, expr);
  if (selection?.kind === "context-field" && under(type).kind === "pointer") {
    const place = low.place(low, expr);
    const { context } = low;
    const value = context === undefined ? loadScalar(low, place).value : b.loadOnce(context, place.offset);
    value.nilable = true;
    return { value, space: "btf" };
  }
  if (selection?.kind === "enumerator")
    return { value: enumeratorValue(low, selection.enumerator, type), space: "kernel" };
  if (typeof constant === "bigint" || typeof constant === "boolean")
    return { value: constantValue(low, constant, type), space: "kernel" };
  switch (expr.kind) {
    case "name": {
      const symbol = low.shared.checked.symbols.get(expr.id);
      if (symbol?.kind === "variable") return readVariable(low, symbol);
      if (symbol === undefined) return { value: b.constant(0n), space: "kernel" };
      return loadScalar(low, low.place(low, expr));
    }
    case "paren":
      return low.scalar(low, expr.inner);
    case "unary":
      return unary(low, expr);
    case "binary":
      return binary(low, expr);
    case "call":
      return callScalar(low, expr);
    case "slice":
      return viewOf(low, expr, objectPlace(low, expr.object));
    default:
      return loadScalar(low, low.place(low, expr));
  }
}

function unary(low: Low, expr: Expr & { kind: "unary" }): Scalar {
  const { b } = low;
  if (expr.operator === "&") return address(low, expr.operand);
  if (expr.operator === "!") {
    const value = low.scalar(low, expr.operand).value;
    return { value: b.compare("eq", value, b.constant(0n, 32)), space: "kernel" };
  }
  const type = typeOf(low, expr);
  const value = low.scalar(low, expr.operand).value;
  const zeroValue = b.constant(0n, value.width);
  const ones = b.constant(-1n, value.width);
  if (expr.operator === "-") return { value: operate(low, "-", zeroValue, value, type), space: "kernel" };
  if (expr.operator === "^") {
    const flipped = b.binary("xor", value, ones);
    const of = under(type);
    const narrow = of.kind === "int" && !of.signed && of.bits < 32;
    return {
      value: narrow ? b.binary("and", flipped, b.constant((1n << BigInt(of.bits)) - 1n, 32)) : flipped,
      space: "kernel",
    };
  }
  return { value, space: "kernel" };
}

function address(low: Low, operand: Expr): Scalar {
  const inner = bare(operand);
  if (inner.kind === "name") {
    const symbol = low.shared.checked.symbols.get(inner.id);
    if (symbol?.kind === "map") return { value: low.b.mapAddress(symbol), space: "kernel" };
  }
  if (inner.kind === "composite") {
    const place = slotPlace(low, typeOf(low, inner), "literal");
    low.into(low, place, inner);
    return { value: addressOf(low, place), space: "stack" };
  }
  const place = low.place(low, operand);
  return { value: addressOf(low, place), space: place.space };
}

/** notNil refuses a pointer that is surely nil; others that may be are found when control flow is known. */
function notNil(low: Low, pointer: Scalar, at: Expr): Scalar {
  // In an inlined function a constant nil may be an argument that the function compares first.
  if (low.frame.result === undefined && pointer.value.op === "const" && pointer.value.imm === 0n)
    refuse(
      low,
      "unchecked-nil",
      at,
      "this pointer is nil here",
      "give it a value first: p = &x, p = m.Lookup(k)",
    );
  return pointer;
}

/** objectPlace is what a selector or index is applied to: a value's place, or what a pointer points to. */
function objectPlace(low: Low, object: Expr): Place {
  const type = typeOf(low, object);
  const of = under(type);
  if (of.kind === "pointer") return pointee(notNil(low, low.scalar(low, object), object), of.target);
  return low.place(low, object);
}

/** place finds where an expression's value is in memory. */
export function place(low: Low, expr: Expr): Place {
  const { checked } = low.shared;
  const type = typeOf(low, expr);
  low.b.at = expr;
  switch (expr.kind) {
    case "paren":
      return low.place(low, expr.inner);
    case "name": {
      const symbol = checked.symbols.get(expr.id);
      if (symbol?.kind === "global") {
        return {
          type,
          space: "data",
          base: low.b.globalAddress(symbol),
          slot: undefined,
          offset: 0,
          core: undefined,
          align: 8,
        };
      }
      if (symbol?.kind === "variable") {
        const storage = storageOf(low, symbol);
        if (storage.kind === "memory") return storage.place;
      }
      break;
    }
    case "star": {
      const pointer = notNil(low, low.scalar(low, expr.operand), expr);
      return pointee(pointer, type);
    }
    case "selector": {
      const selection = checked.selections.get(expr.id);
      if (selection?.kind === "context-field") {
        const { value } = low.scalar(low, expr.object);
        return {
          type,
          space: "context",
          base: value,
          slot: undefined,
          offset: selection.offset,
          core: undefined,
          align: 8,
        };
      }
      if (selection?.kind === "fields") return fieldPlace(objectPlace(low, expr.object), selection.path);
      break;
    }
    case "index": {
      const [subscript] = expr.indices;
      const object = objectPlace(low, expr.object);
      const array = under(object.type);
      if (
        subscript !== undefined &&
        array.kind !== "array" &&
        under(typeOf(low, expr.object)).kind === "pointer"
      )
        return pointee(movePointer(low, expr, low.scalar(low, expr.object), subscript, "+", type), type);
      if (subscript !== undefined && array.kind === "array") {
        const { value } = low.scalar(low, subscript);
        low.b.at = expr;
        return elementPlace(low, object, array, value, typeOf(low, subscript), subscript);
      }
      break;
    }
    default:
  }
  const hold = temporary(low, type);
  low.into(low, hold, expr);
  return hold;
}

/** condition evaluates a condition into control flow. */
export function condition(low: Low, expr: Expr, yes: Block, no: Block): void {
  const { b } = low;
  const constant = constantOf(low, expr);
  if (typeof constant === "boolean") {
    b.jump(constant ? yes : no);
    return;
  }
  const inner = bare(expr);
  if (inner.kind === "unary" && inner.operator === "!") {
    low.condition(low, inner.operand, no, yes);
    return;
  }
  if (inner.kind === "binary" && (inner.operator === "&&" || inner.operator === "||")) {
    const second = b.newBlock();
    if (inner.operator === "&&") low.condition(low, inner.left, second, no);
    else low.condition(low, inner.left, yes, second);
    b.seal(second);
    b.enter(second);
    low.condition(low, inner.right, yes, no);
    return;
  }
  const { value } = low.scalar(low, inner);
  b.at = expr;
  b.branch(value, yes, no);
}
