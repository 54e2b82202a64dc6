import type { BinaryExpr, CompositeExpr, Expr } from "../../syntax/ast.js";
import { bare, wrap } from "../../types/convert.js";
import { type ArrayType, sizeOf, type Type, under } from "../../types/type.js";
import { comparison, operate } from "./integers.js";
import { integer, integerType, type Machine, pointer, Trap, truth, typeOf } from "./machine.js";
import { type Datum, load, newMemory, type Place, store, Unsupported } from "./memory.js";

/** textBytes is a constant text as an array of bytes. */
function textBytes(text: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** constant gives the value of a constant expression in the type it has. */
function constant(machine: Machine, expr: Expr): Datum {
  const value = machine.checked.constants.get(expr.id);
  if (typeof value !== "string") return value;
  return textBytes(value, sizeOf(typeOf(machine, expr)));
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function binary(machine: Machine, expr: BinaryExpr): Datum {
  const { operator } = expr;
  if (operator === "&&") return truth(machine, expr.left) && truth(machine, expr.right);
  if (operator === "||") return truth(machine, expr.left) || truth(machine, expr.right);
  const left = machine.value(machine, expr.left);
  const right = machine.value(machine, expr.right);
  const compare = comparison(operator);
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (compare !== undefined) return compare(left, right);
    return operate(operator, left, right, integerType(typeOf(machine, expr)));
  }
  if (compare === undefined) throw new Unsupported(operator);
  let same = left === right;
  if (left instanceof Uint8Array && right instanceof Uint8Array) same = equalBytes(left, right);
  else if (typeof left === "object" && typeof right === "object" && "memory" in left && "memory" in right)
    same = left.memory === right.memory && left.offset === right.offset;
  return same === (operator === "==");
}

function unary(machine: Machine, expr: Expr & { kind: "unary" }): Datum {
  if (expr.operator === "&") return address(machine, expr.operand);
  if (expr.operator === "!") return !truth(machine, expr.operand);
  const value = integer(machine, expr.operand);
  const type = integerType(typeOf(machine, expr));
  if (expr.operator === "-") return wrap(-value, type);
  return expr.operator === "^" ? wrap(~value, type) : value;
}

function address(machine: Machine, operand: Expr): Datum {
  const inner = bare(operand);
  if (inner.kind !== "composite") return machine.place(machine, inner);
  const memory = newMemory(sizeOf(typeOf(machine, inner)));
  store({ memory, offset: 0, type: typeOf(machine, inner) }, machine.value(machine, inner));
  return { memory, offset: 0 };
}

function composite(machine: Machine, expr: CompositeExpr): Uint8Array {
  const type = typeOf(machine, expr);
  const of = under(type);
  const memory = newMemory(sizeOf(type));
  const put = (offset: number, element: Type, value: Expr): void =>
    store({ memory, offset, type: element }, machine.value(machine, value));
  if (of.kind === "struct") {
    expr.elements.forEach(({ key, value }, i) => {
      const field = key?.kind === "name" ? of.fields.find((each) => each.name === key.name) : of.fields[i];
      if (field !== undefined) put(field.offset, field.type, value);
    });
  } else if (of.kind === "array") {
    let index = 0;
    for (const { key, value } of expr.elements) {
      const at = key === undefined ? undefined : machine.checked.constants.get(key.id);
      if (typeof at === "bigint") index = Number(at);
      put(index++ * sizeOf(of.element), of.element, value);
    }
  }
  return memory.bytes;
}

/** value evaluates an expression. */
export function value(machine: Machine, expr: Expr): Datum {
  if (machine.checked.constants.has(expr.id)) return constant(machine, expr);
  switch (expr.kind) {
    case "paren":
      return machine.value(machine, expr.inner);
    case "unary":
      return unary(machine, expr);
    case "binary":
      return binary(machine, expr);
    case "composite":
      return composite(machine, expr);
    case "call": {
      const result = machine.call(machine, expr);
      if (Array.isArray(result)) throw new Error("a tuple is no value");
      return result as Datum;
    }
    case "name":
      // What has no symbol is nil.
      if (machine.checked.symbols.get(expr.id) === undefined) return undefined;
      return load(machine.place(machine, expr));
    case "selector": {
      const selection = machine.checked.selections.get(expr.id);
      if (selection?.kind === "context-field") return machine.fields.get(selection.offset) ?? 0n;
      return load(machine.place(machine, expr));
    }
    default:
      return load(machine.place(machine, expr));
  }
}

/** objectPlace is what a selector or index is applied to. */
function objectPlace(machine: Machine, object: Expr): Place {
  const type = typeOf(machine, object);
  const of = under(type);
  if (of.kind === "pointer") return { ...pointer(machine, object), type: of.target };
  return machine.place(machine, object);
}

/** elementPlace is an element of an array; an index out of range ends the program. */
export function elementPlace(place: Place, array: ArrayType, index: bigint): Place {
  if (index < 0n || index >= BigInt(array.length)) throw new Trap(`index ${index} of ${array.length}`);
  const offset = place.offset + Number(index) * sizeOf(array.element);
  return { memory: place.memory, offset, type: array.element };
}

/** place finds where an expression's value is; values without a place get one. */
export function place(machine: Machine, expr: Expr): Place {
  const type = typeOf(machine, expr);
  switch (expr.kind) {
    case "paren":
      return machine.place(machine, expr.inner);
    case "name": {
      const symbol = machine.checked.symbols.get(expr.id);
      const memory =
        symbol?.kind === "variable"
          ? machine.variables.get(symbol)
          : symbol?.kind === "global"
            ? machine.globals.get(symbol)
            : undefined;
      if (memory === undefined) throw new Unsupported(`the name ${expr.name}`);
      return { memory, offset: 0, type };
    }
    case "star":
      return { ...pointer(machine, expr.operand), type };
    case "selector": {
      const selection = machine.checked.selections.get(expr.id);
      if (selection?.kind !== "fields") throw new Unsupported("a field of the context has no place");
      const { memory, offset } = objectPlace(machine, expr.object);
      const inside = selection.path.reduce((sum, field) => sum + field.offset, 0);
      return { memory, offset: offset + inside, type };
    }
    case "index": {
      const [subscript] = expr.indices;
      const object = objectPlace(machine, expr.object);
      const array = under(object.type);
      if (subscript === undefined || array.kind !== "array") throw new Unsupported("an index");
      return elementPlace(object, array, integer(machine, subscript));
    }
    default: {
      const memory = newMemory(sizeOf(type));
      store({ memory, offset: 0, type }, machine.value(machine, expr));
      return { memory, offset: 0, type };
    }
  }
}
