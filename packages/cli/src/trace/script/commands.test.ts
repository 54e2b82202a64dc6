import assert from "node:assert/strict";
import { test } from "node:test";
import { newCommands } from "./commands.js";

test("commands run one after the other, and what is told behind them keeps its place", async () => {
  const told: string[] = [];
  const commands = newCommands((text) => told.push(text));
  commands.run("echo one");
  commands.behind(() => told.push("between"));
  commands.run("echo two; exit 3");
  assert.equal(commands.isBusy(), true);
  await commands.settled(new AbortController().signal);
  assert.deepEqual(told, ["one\n", "between", "two\n"]);
  assert.equal(commands.isBusy(), false);
});

test("after Ctrl-C waiting commands are dropped and no more are started", async () => {
  const told: string[] = [];
  const commands = newCommands((text) => told.push(text));
  const stop = new AbortController();
  for (let i = 0; i < 50; i++) commands.run("echo x");
  stop.abort();
  await commands.settled(stop.signal);
  assert.ok(told.length < 50, `${told.length} ran`);
  commands.run("echo late");
  assert.equal(commands.isBusy(), false);
});
