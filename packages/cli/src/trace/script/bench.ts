import { enableStatistics, type LoadedObject } from "@go3s/bpf";
import type { Script } from "@go3s/lang";

/** rounds is how often a benchmark's program is run; the kernel counts the time of each run. */
const rounds = 10_000;
const nameWidth = 41;
const timeWidth = 15;

/** runBenches runs each bench: probe many times and draws a table of the time that one run took. */
export function runBenches(
  object: LoadedObject,
  script: Script,
  format: "text" | "json",
  after: () => void,
): string {
  using _statistics = enableStatistics();
  const lines = [`${"Benchmark".padEnd(nameWidth)}${"Time(ns)".padEnd(timeWidth)}Iterations`];
  const results: string[] = [];
  lines.push("-".repeat(lines[0]?.length ?? 0));
  for (const { program, places } of script.probes)
    for (const place of places) {
      if (place.kind !== "bench") continue;
      const code = object.program(program);
      const before = code.info();
      for (let round = 0; round < rounds; round++) {
        code.testRun();
        if (round % 100 === 0) after();
      }
      const { runTimeNs, runCount } = code.info();
      const count = Number(runCount - before.runCount);
      const time = count === 0 ? 0 : Math.round(Number(runTimeNs - before.runTimeNs) / count);
      if (format === "json")
        results.push(
          `{"type": "benchmark_result", "data": {${JSON.stringify(place.name)}: {"average": ${time}, "iters": ${count}}}}\n`,
        );
      lines.push(`${place.name.padEnd(nameWidth)}${String(time).padEnd(timeWidth)}${count}`);
    }
  return format === "json" ? results.join("") : `${lines.join("\n")}\n`;
}
