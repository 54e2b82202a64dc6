import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "../store.js";
import { plainBlock, traceIdOf } from "../testing/plain-block.js";
import { profileBlock } from "../testing/profile-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";

// The statement of the features page (row D3), to the letter.
const asWritten =
  "SELECT span.operation, log.level, metric.value FROM traces JOIN logs ON traces.trace_id = logs.trace_id AND " +
  "logs.timestamp BETWEEN traces.start_time AND traces.end_time JOIN metrics ON traces.service_name = " +
  "metrics.service_name WHERE span.duration_ns > 1000000000 AND log.level = 'ERROR' LIMIT 100";

test("one statement over spans, logs and metrics", async (t) => {
  await using store = await openStore({ dir: temporaryDirectory(t) });
  const now = BigInt(Date.now()) * 1_000_000n;
  const second = 1_000_000_000n;
  await store.append([
    // Two slow spans and a quick one.
    plainBlock("traces", 3, (name, row) => {
      if (name === "trace_id") return traceIdOf(`trace-${row}`);
      if (name === "service_name") return row === 1 ? "cart" : "shop";
      if (name === "operation") return `operation-${row}`;
      if (name === "timestamp_ns") return now;
      return name === "duration_ns" ? (row === 2 ? 5n : 2n * second) : undefined;
    }),
    // For each span an error within it, one after its end, and a word of no importance.
    plainBlock("logs", 9, (name, row) => {
      if (name === "trace_id") return traceIdOf(`trace-${row % 3}`);
      if (name === "level") return row < 6 ? "ERROR" : "INFO";
      if (name === "body") return `line-${row}`;
      return name === "timestamp_ns" ? now + (row < 3 ? 1n : row < 6 ? 10n * second : 1n) : undefined;
    }),
    plainBlock("metrics", 2, (name, row) => {
      if (name === "service_name") return row === 0 ? "shop" : "cart";
      if (name === "timestamp_ns") return now;
      return name === "value" ? row + 40 : undefined;
    }),
  ]);
  await store.flush();
  const rows = async (sql: string) => (await store.query(sql)).rows<Record<string, unknown>>();
  const found = await rows(asWritten);
  const values = found.map((row) => Object.values(row)).sort((a, b) => String(a).localeCompare(String(b)));
  assert.deepEqual(values, [
    ["operation-0", "ERROR", 40],
    ["operation-1", "ERROR", 41],
  ]);
  const near = await rows(
    "SELECT log.body AS body FROM traces t JOIN logs l ON t.trace_id = l.trace_id " +
      "WHERE log.timestamp < span.end_time + INTERVAL '200ms' AND span.operation = 'operation-0' ORDER BY body",
  );
  assert.deepEqual(near, [{ body: "line-0" }, { body: "line-6" }]);
  // The other way to ask for the same: what a span's processors did.
  await store.append([profileBlock(100, now)]);
  await store.append([
    plainBlock("traces", 1, (name) =>
      name === "span_id" ? "cd".repeat(8) : name === "operation" ? "sampled" : undefined,
    ),
  ]);
  await store.flush();
  const sampled = await rows(
    "SELECT span.operation AS operation, stacks.functions[1] AS function, sum(profile.value) AS ns FROM profiles JOIN stacks USING (tenant, stack_id) " +
      "JOIN traces ON profiles.span_id = traces.span_id WHERE profile.type = 'cpu' AND profile.span_id != '' GROUP BY ALL ORDER BY function",
  );
  assert.deepEqual(
    sampled,
    [0, 1, 2, 3, 4].map((i) => ({ operation: "sampled", function: `work-${i}`, ns: 100 })),
  );
  const plan = await rows(`EXPLAIN ${asWritten}`);
  assert.match(plan.map((row) => row["explain"]).join("\n"), /Join/);
});
