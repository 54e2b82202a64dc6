import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compile, renderDiagnostics } from "./compile.js";
import { codeHelp } from "./source/code-help.js";
import { placeOf } from "./source/file.js";
import { casesIn } from "./testing/cases.js";
import { cannotRun, load, machineOptions, runXdp } from "./testing/live.js";

for (const { file, cases } of casesIn()) {
  describe(file, () => {
    for (const each of cases) {
      const live = each.returns !== undefined || each.loads;
      test(each.name, { skip: live ? cannotRun() : false }, () => {
        if (each.returns !== undefined) {
          for (const cpu of ["v1", "v2", "v3", "v4"] as const) {
            assert.equal(runXdp(each.program, each.data, { ...machineOptions(), cpu }), each.returns, cpu);
          }
          return;
        }
        if (each.loads) {
          load(each.program).close();
          return;
        }
        const result = compile([{ name: "case.go3s", text: each.program }], machineOptions());
        const found = result.diagnostics
          .filter((one) => one.severity === "error")
          .map((one) => {
            const place = placeOf(result.files, one.start);
            return `${one.id} ${place?.line}:${place?.column}`;
          });
        assert.deepEqual(found, each.errors, renderDiagnostics(result));
        assert.equal(result.object, undefined);
        for (const one of result.diagnostics)
          assert.ok(one.hint ?? codeHelp[one.id]?.hint, `${one.id} says what to do`);
      });
    }
  });
}
