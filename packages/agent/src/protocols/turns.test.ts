import assert from "node:assert/strict";
import { test } from "node:test";
import { type Asked, newTurns, type Turns } from "./turns.js";
import { newExchange, type WireExchange } from "./wire.js";

function setUp(late: boolean): {
  turns: Turns<Asked>;
  told: WireExchange[];
  ask: (name: string, ns: number) => void;
} {
  const told: WireExchange[] = [];
  const turns = newTurns<Asked>(({ exchange }) => exchange !== undefined && told.push(exchange), late);
  const ask = (name: string, ns: number): void => {
    const exchange = newExchange("redis", ns);
    exchange.name = name;
    turns.ask({ exchange });
  };
  return { turns, told, ask };
}

const brief = (told: readonly WireExchange[]): string[] =>
  told.map(({ name, doubt, endNs }) => `${name} ${doubt} ${endNs}`);

test("late, the first turn is in doubt and the next is not", () => {
  const { turns, told, ask } = setUp(true);
  turns.sent(1);
  ask("a", 1);
  turns.received(2);
  turns.answer(2);
  turns.sent(3);
  ask("b", 3);
  turns.received(4);
  turns.answer(4);
  assert.deepEqual(brief(told), ["a late 2", "b  4"]);
});

test("a lost answer ends with the turn, and the next turn is paired", () => {
  const { turns, told, ask } = setUp(false);
  turns.sent(1);
  ask("a", 1);
  turns.received(2);
  turns.lose();
  turns.received(3);
  turns.sent(4);
  ask("b", 4);
  turns.received(5);
  turns.answer(5);
  assert.deepEqual(brief(told), ["a cut 3", "b  5"]);
});

test("of several requests in one write, none is given an answer after a loss", () => {
  const { turns, told, ask } = setUp(false);
  turns.sent(1);
  ask("a", 1);
  ask("b", 1);
  turns.received(2);
  turns.lose();
  assert.equal(turns.first(), undefined);
  turns.sent(3);
  ask("c", 3);
  turns.received(4);
  turns.answer(4);
  assert.deepEqual(brief(told), ["a cut 2", "b cut 2", "c late 4"]);
});

test("inside a pipeline nothing is paired after a loss until it was quiet", () => {
  const { turns, told, ask } = setUp(false);
  turns.sent(1);
  ask("a", 1);
  turns.sent(2);
  ask("b", 2);
  turns.received(3);
  turns.lose();
  turns.sent(4);
  ask("c", 4);
  turns.received(5);
  assert.equal(turns.first(), undefined);
  turns.sent(300_000_000);
  ask("d", 300_000_000);
  assert.equal(turns.first()?.exchange?.name, "d");
  turns.answer(300_000_001);
  assert.deepEqual(brief(told), ["a cut 3", "b cut 3", "c cut 4", "d late 300000001"]);
});

test("the connection's end ends what is open, as a failure where all was seen", () => {
  const { turns, told, ask } = setUp(false);
  turns.sent(1);
  ask("a", 1);
  turns.close(9);
  assert.deepEqual([told[0].error, told[0].endNs], ["connection_closed", 9]);
});
