import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileIdentity } from "@go3s/bpf";
import { decodeProtobuf, ExportTraceServiceRequest, type Span, SpanWriter } from "@go3s/telemetry";
import { newBatches } from "../export/batches.js";
import { openWallClock } from "../spans/clock.js";
import { encodedScope } from "../spans/resource.js";
import { eventually } from "../testing/wait.js";
import { observeFunctions } from "./observe-functions.js";

const hasCompiler = spawnSync("g++", ["--version"]).status === 0;
const skip =
  process.getuid?.() !== 0
    ? "needs root to load probes"
    : hasCompiler
      ? false
      : "needs g++ to build programs";

const inC = `#include <unistd.h>
struct item { int id; const char *name; };
__attribute__((noinline)) int count(struct item *it, short n) { volatile int x = n; return n <= 0 ? it->id : count(it, n - 1) + x; }
int main() { volatile char touched; struct item it = {5, "pear"}; for (;;) { touched = it.name[0]; count(&it, 1); usleep(20000); } }
`;
const inCpp = `#include <stdexcept>
#include <unistd.h>
namespace shop { struct Cart { int n; __attribute__((noinline)) long total(int a, const char *label); };
long Cart::total(int a, const char *label) { if (a == 1) throw std::runtime_error("one"); n += a; return n + label[0]; } }
int main() { shop::Cart c{1}; for (int i = 0;; i = (i + 1) % 2) { try { c.total(i, "pear"); } catch (std::exception &) {} usleep(20000); } }
`;

/** observed gives the spans of a program's functions, four at least, and checks that the program lives on. */
async function observed(name: string, source: string, compiler: string, pattern: string): Promise<Span[]> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-native-"));
  const path = join(folder, "program");
  writeFileSync(join(folder, name), source);
  const built = spawnSync(compiler, ["-g", "-O1", "-o", path, join(folder, name)], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  const child = spawn(path, { stdio: "ignore" });
  await once(child, "spawn");
  const spans: Span[] = [];
  const batches = newBatches("traces", () => new SpanWriter(), encodedScope, {
    send(_signal, body, _items, done) {
      for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
        for (const scope of group.scopeSpans) spans.push(...scope.spans);
      done?.();
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  });
  const options = { patterns: [pattern], mode: "spans", limit: 10_000 } as const;
  const observer = observeFunctions(options, { batches, clock: openWallClock() });
  try {
    observer.watch({ pid: child.pid ?? 0, key: fileIdentity(path), named: { resource: new Uint8Array(0) } });
    await eventually(
      "four calls",
      () => {
        observer.flush(() => new Set());
        batches.flush();
        return spans.length >= 4;
      },
      30,
    );
    assert.equal(child.exitCode ?? child.signalCode, null, "the program lives on");
    return spans;
  } finally {
    observer.close();
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

const value = (span: Span | undefined, key: string): unknown => {
  const found = span?.attributes.find((each) => each.key === key)?.value;
  return found?.stringValue ?? (found?.intValue === undefined ? undefined : Number(found.intValue));
};

test("functions of a C program, with arguments, structs behind pointers and recursion", {
  skip,
}, async () => {
  const spans = await observed("program.c", inC, "gcc", "count");
  const inner = spans.find((span) => value(span, "go3s.arg.n") === 0 && span.parentSpanId !== "");
  const outer = spans.find((span) => span.spanId === inner?.parentSpanId);
  assert.equal(value(outer, "go3s.arg.n"), 1);
  assert.deepEqual([value(inner, "go3s.arg.it.id"), value(inner, "go3s.arg.it.name")], [5, "pear"]);
  assert.match(String(value(inner, "code.file.path")), /program\.c$/);
});

test("functions of a C++ program that throws: it lives on, and what was thrown through is no return", {
  skip,
}, async () => {
  const spans = await observed("program.cc", inCpp, "g++", "shop::*");
  assert.ok(spans.every((span) => span.name === "shop::Cart::total(int, char const*)"));
  assert.ok(
    spans.every((span) => value(span, "go3s.arg.a") === 0),
    "only those that returned",
  );
  assert.equal(value(spans[0], "go3s.arg.label"), "pear");
});
