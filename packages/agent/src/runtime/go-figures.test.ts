import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { runtimeSource } from "../testing/runtime-service.go.js";
import { startRuntimeService } from "../testing/runtime-service.js";
import { eventually } from "../testing/wait.js";
import { type GoFigures, newGoReader } from "./go-figures.js";
import { readGoLayout } from "./go-layout.js";
import { loadBias } from "./load-bias.js";

const skip = whyNoLiveTests();
// main, and what runtime-service.go.ts starts.
const started = 1 + 40 + 7 + 5;

const builds: readonly { readonly name: string; readonly flags: readonly string[] }[] = [
  { name: "with symbols", flags: [] },
  { name: "stripped", flags: ["-ldflags=-s -w"] },
  { name: "stripped and movable", flags: ["-ldflags=-s -w", "-buildmode=pie"] },
];

for (const { name, flags } of builds) {
  test(`figures read from memory are what the program's own runtime says: ${name}`, { skip }, async () => {
    const program = buildGoService(runtimeSource, flags);
    const service = await startRuntimeService(program.path).catch((error: unknown) => {
      program.remove();
      throw error;
    });
    try {
      const layout = readGoLayout(program.path);
      assert.deepEqual(layout.lost, []);
      const bias = loadBias(service.pid, layout, statSync(program.path).ino);
      assert.ok(bias !== undefined);
      const reader = newGoReader(service.pid, layout, bias);
      assert.ok(reader.read() !== undefined);

      const pauses = new Map<number, number>();
      for (const what of ["", "allocate", "collect"]) {
        await service.ask(what);
        // A collection may come between its look and ours: then both look again.
        for (let attempt = 0; ; attempt++) {
          const told = await service.ask("");
          const figures = reader.read();
          assert.ok(figures !== undefined);
          for (const { cycle, nanoseconds, end } of figures.pauses) {
            pauses.set(cycle, nanoseconds);
            assert.ok(Math.abs(Number(end / 1_000_000n) - Date.now()) < 600_000);
          }
          const wrong = differences(figures, told);
          if (wrong.length === 0) break;
          assert.ok(attempt < 50, wrong.join("; "));
        }
      }
      const told = await service.ask("");
      assert.equal(pauses.get(told["numgc"] ?? 0), told["lastPause"]);
      assert.ok(pauses.size >= 5);

      // Nobody sleeps but the runtime's scavenger, now and then. A goroutine that was started may not have got to wait yet.
      await eventually("what goroutines wait for", () => {
        const reasons = reader.read()?.states?.reasons;
        return (
          reasons?.get("chan receive") === 40 &&
          reasons.get("sync.Mutex.Lock") === 7 &&
          reasons.get("select (no cases)") === 5
        );
      });
      reader.sampleQueues();
      const cycle = reader.lastCycle();
      assert.ok(cycle !== undefined && cycle.end <= Number(process.hrtime.bigint()));
    } finally {
      await service.stop();
      program.remove();
    }
  });
}

test("goroutines that wait for a processor are counted, and an ended process gives nothing", {
  skip,
}, async () => {
  const program = buildGoService(runtimeSource, ["-ldflags=-s -w"]);
  const service = await startRuntimeService(program.path).catch((error: unknown) => {
    program.remove();
    throw error;
  });
  try {
    const layout = readGoLayout(program.path);
    const reader = newGoReader(service.pid, layout, 0);
    reader.read();
    assert.ok((reader.sampleQueues() ?? Number.NaN) < 64);
    const told = await service.ask("spin");
    const waiting = 64 - (told["gomaxprocs"] ?? 0);
    // Those that spin are taken off their processors now and then; what waits is all but as many as there are processors.
    await eventually("the run queues", () => {
      const queued = reader.sampleQueues() ?? 0;
      return queued >= waiting - 2 && queued <= 64 + 5;
    });
    const figures = await eventually("a look at busy processors", () => {
      const all = reader.read();
      return (all?.processors?.running ?? 0) > 0 && all;
    });
    assert.equal(figures.goroutines, started + 64);
    assert.ok((figures.states?.runnable ?? 0) > 0);
    await service.stop();
    assert.equal(reader.read(), undefined);
    assert.equal(reader.sampleQueues(), undefined);
  } finally {
    await service.stop();
    program.remove();
  }
});

/** differences says what is read otherwise than told, beyond what the program does between both looks. */
function differences(figures: GoFigures, told: Readonly<Record<string, number>>): string[] {
  const of = (name: string): number => told[name] ?? Number.NaN;
  const stacks = of("/memory/classes/heap/stacks:bytes");
  const rows: readonly (readonly [name: string, found: number | undefined, told: number, within: number])[] =
    [
      ["goroutines", figures.goroutines, started, 0],
      ["GOMAXPROCS", figures.processorLimit, of("gomaxprocs"), 0],
      ["collections", figures.cycles, of("numgc"), 0],
      ["allocated", figures.allocatedBytes, of("/gc/heap/allocs:bytes"), 256 << 10],
      ["allocations", figures.allocations, of("/gc/heap/allocs:objects"), 2000],
      ["goal", figures.heapGoal, of("/gc/heap/goal:bytes"), 256 << 10],
      ["stacks", figures.stackBytes, stacks, 256 << 10],
      [
        "other memory",
        figures.otherBytes,
        of("/memory/classes/total:bytes") - of("/memory/classes/heap/released:bytes") - stacks,
        1 << 20,
      ],
    ];
  return rows
    .filter(([, found, expected, within]) => !(Math.abs((found ?? Number.NaN) - expected) <= within))
    .map(([name, found, expected]) => `${name}: ${found} read, ${expected} told`);
}
