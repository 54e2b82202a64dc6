import assert from "node:assert/strict";
import { test } from "node:test";
import { labelName, type MetricType, prometheusName } from "./names.js";

const cases: readonly (readonly [string, string, MetricType, boolean, string])[] = [
  ["http.server.request.duration", "s", "histogram", false, "http_server_request_duration_seconds"],
  ["http.requests", "{request}", "sum", true, "http_requests_total"],
  ["http.requests.total", "1", "sum", true, "http_requests_total"],
  ["system.memory.usage", "By", "sum", false, "system_memory_usage_bytes"],
  ["system.cpu.utilization", "1", "gauge", false, "system_cpu_utilization_ratio"],
  ["network.io", "By/s", "gauge", false, "network_io_bytes_per_second"],
  ["queue.wait", "ms", "histogram", false, "queue_wait_milliseconds"],
  ["process_cpu_seconds_total", "", "sum", true, "process_cpu_seconds_total"],
  ["go_gc_duration_seconds_sum", "seconds", "sum", true, "go_gc_duration_seconds_sum"],
  ["go_goroutines", "", "gauge", false, "go_goroutines"],
  ["2xx.responses", "", "gauge", false, "_2xx_responses"],
  ["jvm.memory.used", "MiBy", "gauge", false, "jvm_memory_used_mebibytes"],
];

for (const [name, unit, type, isMonotonic, wanted] of cases) {
  test(`${name} (${unit}, ${type}) is ${wanted}`, () => {
    assert.equal(prometheusName({ name, unit, type, isMonotonic }), wanted);
  });
}

test("attribute keys become labels", () => {
  assert.equal(labelName("http.route"), "http_route");
  assert.equal(labelName("2nd"), "key_2nd");
  assert.equal(labelName("already_fine"), "already_fine");
});
