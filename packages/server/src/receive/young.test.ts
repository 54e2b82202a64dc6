import assert from "node:assert/strict";
import { constants, PerformanceObserver } from "node:perf_hooks";
import { test } from "node:test";
import { noteChunk } from "./young.js";

test("what is young is collected once in 8 MiB of chunks", async () => {
  let minor = 0;
  const seen = new Promise<void>((resolve) => {
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const detail: unknown = "detail" in entry ? entry.detail : undefined;
        if (isShortAndForced(detail)) minor++;
      }
      if (minor >= 2) {
        observer.disconnect();
        resolve();
      }
    });
    observer.observe({ entryTypes: ["gc"] });
  });
  for (let i = 0; i < 256; i++) noteChunk(64 << 10);
  await seen;
  assert.equal(minor, 2);
});

function isShortAndForced(detail: unknown): boolean {
  if (typeof detail !== "object" || detail === null || !("kind" in detail) || !("flags" in detail))
    return false;
  return (
    detail.kind === constants.NODE_PERFORMANCE_GC_MINOR &&
    detail.flags === constants.NODE_PERFORMANCE_GC_FLAGS_FORCED
  );
}
