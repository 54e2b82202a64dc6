import type { ForStmt, RangeStmt } from "../syntax/ast.js";
import { intType, isScalar, under } from "../types/type.js";
import { compareValues } from "./arithmetic.js";
import { copy } from "./copies.js";
import { iterate } from "./iterators.js";
import { elementPlace, pointee, slotPlace } from "./places.js";
import { changesSubject } from "./range-copy.js";
import { loadScalar } from "./scalar-access.js";
import { type Low, type Place, refuse, typeOf, widthOf } from "./state.js";
import { declareVariable, setVariable, storageOf } from "./variables.js";

/** maxUnroll keeps unrolled loops within sensible code sizes. */
const maxUnroll = 512n;

/** unrollOf reads `//go:unroll N`; without a number the loop must end by itself. */
function unrollOf(low: Low, stmt: ForStmt | RangeStmt): number | undefined {
  const attribute = stmt.attributes.find((each) => each.name === "go:unroll" || each.name === "unroll");
  if (attribute === undefined) return undefined;
  const text = attribute.rest.replace(/^\(|\)$/g, "");
  if (text === "") return stmt.kind === "range" ? -1 : 64;
  if (!/^\d+$/.test(text) || BigInt(text) > maxUnroll) {
    refuse(low, "bad-attribute", attribute, `unroll takes a number up to ${maxUnroll}`);
    return undefined;
  }
  return Number(text);
}

/** forLoop lowers `for init; condition; post`. */
export function forLoop(low: Low, stmt: ForStmt): void {
  const { b } = low;
  if (stmt.init !== undefined) low.statement(low, stmt.init);
  const unroll = unrollOf(low, stmt);
  if (unroll !== undefined) {
    unrolled(low, stmt, unroll);
    return;
  }
  const [head, body, post, after] = [b.newBlock(), b.newBlock(), b.newBlock(), b.newBlock()];
  b.at = stmt;
  b.jump(head);
  b.enter(head);
  if (stmt.condition !== undefined) low.condition(low, stmt.condition, body, after);
  else b.jump(body);
  b.seal(body);
  b.enter(body);
  low.frame.loops.push({ label: stmt.label, breakTo: after, continueTo: post });
  low.statement(low, stmt.body);
  low.frame.loops.pop();
  b.jump(post);
  b.seal(post);
  b.enter(post);
  if (stmt.post !== undefined) low.statement(low, stmt.post);
  b.at = { start: stmt.start, end: stmt.start + 3 };
  b.jump(head);
  b.seal(head);
  b.seal(after);
  b.enter(after);
}

/** unrolled copies the body; the loop ends behind the last copy at the latest. */
function unrolled(low: Low, stmt: ForStmt, count: number): void {
  const { b } = low;
  const after = b.newBlock();
  for (let i = 0; i < count; i++) {
    const [body, post] = [b.newBlock(), b.newBlock()];
    if (stmt.condition !== undefined) low.condition(low, stmt.condition, body, after);
    else b.jump(body);
    b.seal(body);
    b.enter(body);
    low.frame.loops.push({ label: stmt.label, breakTo: after, continueTo: post });
    low.statement(low, stmt.body);
    low.frame.loops.pop();
    b.jump(post);
    b.seal(post);
    b.enter(post);
    if (stmt.post !== undefined) low.statement(low, stmt.post);
  }
  b.jump(after);
  b.seal(after);
  b.enter(after);
}

/** rangeLoop lowers `for i := range n` and `for i, v := range array`. */
export function rangeLoop(low: Low, stmt: RangeStmt): void {
  if (iterate(low, stmt)) return;
  const { b } = low;
  const type = typeOf(low, stmt.subject);
  const of = under(type);
  const pointed = of.kind === "pointer" ? under(of.target) : of;
  const array = pointed.kind === "array" ? pointed : undefined;
  const indexType = array === undefined ? type : intType;
  const width = widthOf(indexType);
  let source: Place | undefined;
  if (array !== undefined && stmt.value !== undefined) {
    source =
      of.kind === "pointer"
        ? pointee(low.scalar(low, stmt.subject), of.target)
        : low.place(low, stmt.subject);
    if (of.kind !== "pointer" && changesSubject(low, stmt)) {
      const kept = slotPlace(low, type, "");
      copy(low, kept, source, stmt.subject);
      source = kept;
    }
  }
  const limit =
    array === undefined ? low.scalar(low, stmt.subject).value : b.constant(BigInt(array.length), width);
  const counter = {};
  const unroll = unrollOf(low, stmt);
  const start = b.constant(0n, width);
  b.write(counter, start);
  const bind = (continueTo: typeof after): void => {
    const index = b.read(counter, width);
    if (stmt.key !== undefined) {
      const symbol = declareVariable(low, stmt.key);
      if (symbol !== undefined) setVariable(low, symbol, { value: index, space: "kernel" }, stmt.subject);
    }
    if (stmt.value !== undefined && source !== undefined && array !== undefined) {
      const symbol = declareVariable(low, stmt.value);
      const element = elementPlace(low, source, array, index, intType, stmt.subject);
      if (symbol !== undefined) {
        const storage = storageOf(low, symbol);
        if (isScalar(symbol.type)) setVariable(low, symbol, loadScalar(low, element), stmt.subject);
        else if (storage.kind === "memory") copy(low, storage.place, element, stmt.subject);
      }
    }
    low.frame.loops.push({ label: stmt.label, breakTo: after, continueTo });
    low.statement(low, stmt.body);
    low.frame.loops.pop();
  };
  const after = b.newBlock();
  const rounds =
    unroll === undefined
      ? undefined
      : unroll >= 0
        ? BigInt(unroll)
        : limit.op === "const" && limit.imm <= maxUnroll
          ? limit.imm
          : undefined;
  if (unroll !== undefined && rounds === undefined)
    refuse(
      low,
      "unbounded-loop",
      stmt,
      "the number of rounds to unroll is not constant",
      `write //go:unroll N with N up to ${maxUnroll}`,
    );
  if (rounds !== undefined) {
    for (let i = 0n; i < rounds; i++) {
      const [body, post] = [b.newBlock(), b.newBlock()];
      b.branch(compareValues(low, "<", b.read(counter, width), limit, indexType), body, after);
      b.seal(body);
      b.enter(body);
      bind(post);
      b.jump(post);
      b.seal(post);
      b.enter(post);
      b.write(counter, b.binary("add", b.read(counter, width), b.constant(1n, width)));
    }
    b.jump(after);
  } else {
    const [head, body, post] = [b.newBlock(), b.newBlock(), b.newBlock()];
    b.at = stmt;
    b.jump(head);
    b.enter(head);
    b.branch(compareValues(low, "<", b.read(counter, width), limit, indexType), body, after);
    b.seal(body);
    b.enter(body);
    bind(post);
    b.jump(post);
    b.seal(post);
    b.enter(post);
    b.write(counter, b.binary("add", b.read(counter, width), b.constant(1n, width)));
    b.at = { start: stmt.start, end: stmt.start + 3 };
    b.jump(head);
    b.seal(head);
  }
  b.seal(after);
  b.enter(after);
}
