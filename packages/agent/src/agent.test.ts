import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "./agent.js";
import type { AgentOptions } from "./agent-types.js";
import { bpfDescriptors } from "./testing/bpf-descriptors.js";
import { newSpanCollector } from "./testing/live-peers.js";

const skip = process.getuid?.() === 0 ? false : "needs root to load BPF programs";

const cases: Readonly<Record<string, { readonly asked: Partial<AgentOptions>; readonly error: RegExp }>> = {
  "a pattern of functions is none": {
    asked: { functions: { patterns: ["*"], mode: "spans", limit: 1000 } },
    error: /names every function/,
  },
  "it cannot go on with a process that it has attached to": {
    asked: {
      onAttached() {
        throw new Error("who hears of it fails");
      },
    },
    error: /who hears of it fails/,
  },
};

for (const [why, { asked, error }] of Object.entries(cases))
  test(`nothing stays loaded when an agent does not start since ${why}`, { skip }, async () => {
    const held = bpfDescriptors();
    const starting = startAgent({
      selection: { pids: [process.pid] },
      exclude: [],
      exporter: newSpanCollector().exporter,
      goroutines: true,
      allocations: true,
      logs: {},
      ...asked,
    });
    await assert.rejects(starting, error);
    assert.deepEqual(bpfDescriptors(), held);
  });
