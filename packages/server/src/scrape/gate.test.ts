import assert from "node:assert/strict";
import { test } from "node:test";
import { createGate } from "./gate.js";

test("so many go through at once, the others in their order, and who gives up waits no longer", async () => {
  const gate = createGate(2);
  const never = new AbortController().signal;
  const impatient = new AbortController();
  const through: string[] = [];
  const enter = (name: string, signal = never): Promise<number> =>
    gate.enter(signal).then(() => through.push(name));
  await Promise.all([enter("a"), enter("b")]);
  const waiting = [enter("c"), enter("d", impatient.signal), enter("e")];
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(through, ["a", "b"]);
  impatient.abort();
  await waiting[1];
  assert.deepEqual(through, ["a", "b", "d"]);
  // It went in beyond the limit: its place is nobody's.
  gate.leave();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(through, ["a", "b", "d"]);
  gate.leave();
  await waiting[0];
  gate.leave();
  await waiting[2];
  assert.deepEqual(through, ["a", "b", "d", "c", "e"]);
});
