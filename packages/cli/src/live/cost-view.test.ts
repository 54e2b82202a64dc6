import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentReport } from "@go3s/agent";
import { costBetween, costTable } from "./cost-view.js";

const report = (programs: AgentReport["programs"], cpuMs: number, spans: number): AgentReport => ({
  probes: 0,
  spans,
  cpuShare: 0,
  cpuMs,
  rssBytes: 50 << 20,
  maxRssBytes: 0,
  processes: [],
  dropped: {},
  programs,
  sampling: { share: 1, errors: false, spansPerSecond: 0, services: {}, untold: 0 },
  missing: [],
});

test("the cost of an interval is what was added in it, dearest first", () => {
  const before = report([{ name: "onSend", runs: 100, nanoseconds: 50_000 }], 1000, 10);
  const after = report(
    [
      { name: "onSend", runs: 300, nanoseconds: 150_000 },
      { name: "onReceive", runs: 1000, nanoseconds: 20_000_000 },
      { name: "onExec", runs: 0, nanoseconds: 0 },
    ],
    1100,
    210,
  );
  const cost = costBetween(before, after, 2);
  assert.deepEqual(
    cost.programs.map(({ program, runs_per_s, ns_per_run }) => [program, runs_per_s, ns_per_run]),
    [
      ["onReceive", 500, 20_000],
      ["onSend", 100, 500],
      ["onExec", 0, 0],
    ],
  );
  assert.ok(Math.abs(cost.kernel_cpu_share - 0.01005) < 1e-9);
  assert.deepEqual([cost.user_cpu_share, cost.spans_per_s, cost.rss_bytes], [0.05, 100, 50 << 20]);
  const { rows } = costTable(cost);
  assert.deepEqual(rows[0], ["onReceive", "500", "20000", "1.00"]);
  assert.deepEqual(rows.at(-1), ["agent, 50 MiB, 100 spans/s", "", "", "5.00"]);
});
