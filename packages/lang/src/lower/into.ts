import type { Size } from "../ir/ir.js";
import type { CompositeExpr, Expr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import { isScalar, sizeOf, under } from "../types/type.js";
import { textWord } from "./bytes.js";
import { callInto } from "./calls.js";
import { constantOf } from "./constant.js";
import { copy, zero } from "./copies.js";
import { refuseKept } from "./escape.js";
import { bytePlace, elementPlace, fieldPlace, release, temporary } from "./places.js";
import { storeScalar } from "./scalar-access.js";
import { isDirect, type Low, type Place, refuse } from "./state.js";

/** into evaluates an expression into a place. */
export function into(low: Low, to: Place, expr: Expr): void {
  const inner = bare(expr);
  const constant = constantOf(low, expr);
  low.b.at = expr;
  if (typeof constant === "string" && under(to.type).kind === "array") {
    storeText(low, to, constant);
    return;
  }
  if (isScalar(to.type)) {
    const given = low.scalar(low, expr);
    low.b.at = expr;
    if (!refuseKept(low, to, given, expr)) storeScalar(low, to, given.value, expr);
    return;
  }
  if (inner.kind === "composite") {
    const fresh = to.slot !== undefined && to.slot.from === low.b.clock();
    if (!fresh && readsMemory(inner)) {
      const hold = temporary(low, to.type);
      composite(low, hold, inner);
      copy(low, to, hold, expr);
      release(low, hold);
    } else composite(low, to, inner);
    return;
  }
  if (inner.kind === "call") {
    callInto(low, to, inner);
    return;
  }
  const from = low.place(low, inner);
  low.b.at = expr;
  if (!isDirect(to.space)) {
    refuse(
      low,
      "address-space",
      expr,
      `memory of the ${to.space === "user" ? "user" : "kernel"} cannot be written`,
    );
    return;
  }
  copy(low, to, from, expr);
  padSlot(low, to);
}

/** composite makes a literal in a place, which is cleared first where the elements do not fill it. */
function composite(low: Low, to: Place, expr: CompositeExpr): void {
  const of = under(to.type);
  const complete =
    of.kind === "struct" &&
    expr.elements.length === of.fields.length &&
    of.size % 8 === 0 &&
    of.fields.reduce((sum, field) => sum + sizeOf(field.type), 0) === of.size;
  if (!complete) zero(low, to);
  if (of.kind === "struct") {
    expr.elements.forEach((element, i) => {
      const { key } = element;
      const field = key?.kind === "name" ? of.fields.find((each) => each.name === key.name) : of.fields[i];
      if (field !== undefined) low.into(low, fieldPlace(to, [field]), element.value);
    });
  } else if (of.kind === "array") {
    let index = 0;
    for (const element of expr.elements) {
      const key = element.key === undefined ? undefined : constantOf(low, element.key);
      if (typeof key === "bigint") index = Number(key);
      const at = elementPlace(
        low,
        to,
        of,
        low.b.constant(BigInt(index)),
        { kind: "int", name: "int", bits: 64, signed: true },
        expr,
      );
      low.into(low, at, element.value);
      index++;
    }
  }
}

/** readsMemory tells whether making a literal in a place could read that place half-written. */
function readsMemory(expr: Expr): boolean {
  const inner = bare(expr);
  return inner.kind === "composite" && inner.elements.some((element) => !isLeaf(element.value));
}

/** isLeaf tells whether an expression certainly reads no variable. */
function isLeaf(expr: Expr): boolean {
  const inner = bare(expr);
  if (inner.kind === "integer" || inner.kind === "string" || inner.kind === "call") return true;
  if (inner.kind === "composite") return inner.elements.every((element) => isLeaf(element.value));
  return false;
}

/** padSlot clears the bytes behind a value on the stack, which copies to user space would carry along. */
function padSlot(low: Low, to: Place): void {
  if (to.slot === undefined || to.offset !== 0 || sizeOf(to.type) !== to.slot.bytes) return;
  for (let at = sizeOf(to.type); at < to.slot.size; at++)
    low.b.store(low.b.slotAddress(to.slot, at), 0, 1, low.b.constant(0n));
}

/** storeText writes a constant text word by word, as the place's alignment allows; zeros fill the rest. */
function storeText(low: Low, to: Place, text: string): void {
  const size = sizeOf(to.type);
  const align = to.space === "stack" ? to.align : 8;
  for (let at = 0; at < size; ) {
    const left = size - at;
    const most = Math.min(align, left);
    const take: Size = most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
    const word = low.b.constant(textWord(text, at, take));
    const place = bytePlace(to, at);
    if (place.slot !== undefined) low.b.store(low.b.slotAddress(place.slot, place.offset), 0, take, word);
    else if (place.base !== undefined) low.b.store(place.base, place.offset, take, word);
    at += take;
  }
}
