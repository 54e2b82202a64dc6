import assert from "node:assert/strict";
import { test } from "node:test";
import { hexText, idLayout } from "../spans/ids.js";
import { newProcessSpans } from "../spans/process-spans.js";
import { newRouteTable } from "../spans/routes.js";
import { type MadeSpan, newMadeSpans } from "./made-spans.js";

const tgid = 7;

function setUp() {
  const process = newProcessSpans({
    tgid,
    serviceName: "shop",
    resource: new Uint8Array(0),
    routes: newRouteTable(),
  });
  const told: { readonly span: MadeSpan; readonly text: string }[] = [];
  const made = newMadeSpans({
    processOf: (pid) => (pid === tgid ? process : undefined),
    adopt(exchange, _tgid, ids) {
      if (exchange !== 99) return false;
      ids.fill(9, idLayout.trace, idLayout.trace + 16).fill(8, idLayout.parent, idLayout.parent + 8);
      return true;
    },
    emit: (span, json) => void told.push({ span, text: Buffer.from(json).toString() }),
  });
  const start = (
    span: number,
    more: { goid?: number; above?: number; parent?: number; tgid?: number; hops?: number } = {},
  ) => made.madeStart({ tgid, ns: 1, goid: 1, above: 0, parent: 0, hops: 0, span, ...more });
  const part = (span: number, text: string, at = 0, total = text.length) =>
    made.madePart({
      tgid,
      ns: 2,
      span,
      at,
      total,
      memory: Buffer.from(text),
      text: 0,
      textLength: text.length,
    });
  const enclosing = (goid: number): string => {
    const ids = new Uint8Array(idLayout.size);
    return made.enclosing(tgid, goid, ids, false) ? hexText(ids, idLayout.parent, 8) : "";
  };
  return { process, told, made, start, part, enclosing };
}

const traceOf = ({ ids }: MadeSpan): string => hexText(ids, idLayout.trace, 16);
const idOf = ({ ids }: MadeSpan): string => hexText(ids, idLayout.span, 8);
const parentOf = ({ ids }: MadeSpan): string => hexText(ids, idLayout.parent, 8);

test("a span's parent is its context's, else the request that its goroutine works for, else none", () => {
  const { told, start, part, process } = setUp();
  start(1, { parent: 99, hops: 2 });
  start(2, { above: 1, goid: 5, parent: 99 });
  start(3, { parent: 98 });
  for (const span of [2, 1, 3]) part(span, `{${span}}`);
  const [child, root, other] = told.map(({ span }) => span);
  assert.ok(child !== undefined && root !== undefined && other !== undefined);
  assert.deepEqual([traceOf(root), parentOf(root), root.hasParent], ["09".repeat(16), "08".repeat(8), true]);
  assert.deepEqual([traceOf(child), parentOf(child)], [traceOf(root), idOf(root)]);
  assert.deepEqual([other.hasParent, traceOf(other) === traceOf(root)], [false, false]);
  // That one needs the starts of goroutines to be told.
  assert.equal(process.deep, 1);
});

test("what it says is put together from its pieces; without one of them it is lost, and counted", () => {
  const { told, start, part, made } = setUp();
  start(1);
  part(1, "ab", 0, 5);
  part(1, "cd", 2, 5);
  assert.equal(told.length, 0);
  part(1, "e", 4, 5);
  assert.equal(told[0]?.text, "abcde");
  start(2);
  part(2, "ab", 0, 5);
  part(2, "e", 4, 5);
  part(2, "cd", 2, 5);
  assert.equal(told.length, 1);
  assert.equal(made.dropped()["made-span-lost"], 1);
  // The kernel side counted this one.
  start(3);
  part(3, "", 0, 0);
  part(3, "ab");
  assert.deepEqual([told.length, made.dropped()["made-span-lost"]], [1, 1]);
});

test("what a goroutine does belongs to the innermost span that it has open", () => {
  const { told, start, part, enclosing, made } = setUp();
  assert.equal(enclosing(1), "");
  start(1);
  start(2, { above: 1 });
  start(3, { goid: 4 });
  const inner = enclosing(1);
  part(2, "{}");
  assert.equal(told[0] && idOf(told[0].span), inner);
  const outer = enclosing(1);
  assert.notEqual(outer, inner);
  // An address that is used again is another span: the end of its first was lost.
  start(1);
  assert.notEqual(enclosing(1), outer);
  assert.equal(made.dropped()["made-span-lost"], 1);
  made.processExited(tgid);
  assert.deepEqual([enclosing(1), enclosing(4)], ["", ""]);
});

test("what was never ended is no parent of another request's", () => {
  const { start, made } = setUp();
  start(1, { parent: 99 });
  const ids = new Uint8Array(idLayout.size).fill(5);
  assert.equal(made.enclosing(tgid, 1, ids, true), false);
  assert.deepEqual(ids, new Uint8Array(idLayout.size).fill(5));
  ids.fill(9, idLayout.trace, idLayout.trace + 16);
  assert.equal(made.enclosing(tgid, 1, ids, true), true);
});

test("no more are open than the kernel side knows: the oldest is left, and counted", () => {
  const { told, start, part, made } = setUp();
  for (let span = 1; span <= 16386; span++) start(span, { goid: span });
  part(1, "{}");
  part(2, "{}");
  part(3, "{}");
  assert.equal(told.length, 1);
  assert.equal(made.dropped()["made-span-left"], 2);
  start(5, { tgid: 8 });
  assert.equal(made.dropped()["made-span-left"], 2);
});
