import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import { openOutput } from "./output.js";
import { printingExporter } from "./span-lines.js";

test("a span that a program made itself is printed with its scope, events and links; ours has none", async () => {
  const printed: Record<string, unknown>[] = [];
  const value = (told: unknown): void => void printed.push(Object(told));
  const exporter = printingExporter({ ...openOutput(true), value });
  const ids = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
  const resourceSpans = [
    {
      scopeSpans: [
        {
          scope: { name: "shop", version: "v1" },
          spans: [
            {
              ...ids,
              name: "price",
              events: [
                {
                  timeUnixNano: 5n,
                  name: "exception",
                  attributes: [{ key: "exception.message", value: { stringValue: "broken" } }],
                },
              ],
              links: [{ ...ids, attributes: [] }],
            },
          ],
        },
        { scope: { name: "go3s.agent", version: "1" }, spans: [{ ...ids, name: "GET" }] },
      ],
    },
  ];
  exporter.send("traces", encodeProtobuf(ExportTraceServiceRequest, { resourceSpans }), 2);
  const [made, ours] = printed;
  assert.deepEqual([made?.["scope_name"], made?.["scope_version"]], ["shop", "v1"]);
  assert.deepEqual(made?.["events"], [
    { timestamp_ns: 5n, name: "exception", attributes: { "exception.message": "broken" } },
  ]);
  assert.deepEqual(made?.["links"], [{ trace_id: ids.traceId, span_id: ids.spanId, attributes: {} }]);
  assert.deepEqual(
    Object.keys(ours ?? {}).filter((key) => ["scope_name", "events", "links"].includes(key)),
    [],
  );
  await exporter.close();
});
