import assert from "node:assert/strict";
import { test } from "node:test";
import { readObject } from "@go3s/bpf";
import { probeSources } from "../probes/compile.js";
import { compileApart } from "../probes/compile-apart.js";

test("the probes compile for kernels that cannot keep others from a processor", {
  skip: process.getuid?.() === 0 ? false : "needs root to read the kernel's types",
}, () => {
  const sources = probeSources().map(({ name, text }) => ({
    name,
    // As before 6.10: a function that is asked for and is not there.
    text: text.replaceAll("bpf_preempt_", "bpf_no_such_preempt_"),
  }));
  assert.ok(sources.some(({ text }) => text.includes("bpf_no_such_preempt_disable")));
  const { object, complaints } = compileApart(sources);
  assert.ok(object !== undefined, complaints);
  assert.ok(readObject(object).programs.has("onReceive"));
});
