import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelBtf } from "@go3s/bpf";
import { compile } from "@go3s/lang";
import { probeSources } from "./compile.js";
import { tracepointFormat } from "./tracepoint-format.js";

// These run at each read and write of the whole machine. A value that does not fit the stack goes to a map of the program's own, which
// every run has to claim first, also for processes that nobody watches: it took a fifth of what a write costs, and nothing said so.
const everywhere = ["onReceive", "onSend", "onOtherReceive", "onOtherSend", "onState"];

test("what runs at every read and write keeps its values on the stack", () => {
  const { object, notes } = compile(probeSources(), { kernelBtf: kernelBtf(), tracepointFormat });
  assert.ok(object);
  // Those that are known to need more are told: else the notes would say nothing.
  assert.ok(notes.some((note) => note.startsWith("onCall: ")));
  assert.deepEqual(
    notes.filter((note) => everywhere.some((name) => note.startsWith(`${name}: `))),
    [],
  );
});
