import type { LoadedObject } from "@go3s/bpf";
import type { Script } from "@go3s/lang";

/** TestReport is what a script's test: probes gave. */
export interface TestReport {
  readonly text: string;
  readonly failed: number;
}

/** runTests runs each test: probe once, in their order; one that returns something else than 0 has failed. */
export function runTests(object: LoadedObject, script: Script, after: () => void): TestReport {
  const lines: string[] = [];
  let failed = 0;
  let count = 0;
  for (const { program, places } of script.probes)
    for (const place of places) {
      if (place.kind !== "test") continue;
      count++;
      lines.push(`[ RUN      ] ${place.name}`);
      const { result } = object.program(program).testRun();
      after();
      if (result === 0) lines.push(`[       OK ] ${place.name}`);
      else {
        failed++;
        lines.push(`[  FAILED  ] ${place.name}: it returned ${result | 0}`);
      }
    }
  lines.push(`${count - failed} of ${count} tests passed`);
  return { text: `${lines.join("\n")}\n`, failed };
}
