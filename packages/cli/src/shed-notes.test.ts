import assert from "node:assert/strict";
import { test } from "node:test";
import { newShedNotes } from "./shed-notes.js";

test("what is shed is told once, and what comes back too", () => {
  const told: string[] = [];
  const tell = newShedNotes((text) => void told.push(text));
  const part = (what: string) => ({ what, why: "the agent took 9 %", hint: "" });
  tell([part("logs")]);
  tell([part("logs"), part("requests but 1 of 2")]);
  // A share that is lowered is another one, not something taken up again.
  tell([part("logs"), part("requests but 1 of 4")]);
  tell([part("logs")]);
  tell([]);
  assert.deepEqual(told, [
    "without logs: the agent took 9 %",
    "without requests but 1 of 2: the agent took 9 %",
    "without requests but 1 of 4: the agent took 9 %",
    "again with requests but 1 of 4",
    "within the budget: everything is observed again",
  ]);
});
