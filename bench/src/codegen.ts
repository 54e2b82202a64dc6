import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kernelBtf, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import { compile, renderDiagnostics } from "@go3s/lang";
import { againstBpftrace } from "./codegen/bpftrace.js";
import { clangVersion, compileC, sources, tracepointFormat, writeKernelHeader } from "./codegen/clang.js";
import { type Counts, countsOf, timeOf } from "./codegen/measure.js";
import { type Probe, probes } from "./codegen/probes.js";
import { geometricMean } from "./measure/statistics.js";
import { printTable } from "./measure/table.js";

/** Row compares one program: ours, clang's. Nanoseconds are there where the program can be made to run. */
interface Row {
  readonly probe: string;
  readonly program: string;
  readonly ours: Counts & { readonly ns: number | undefined };
  readonly clang: Counts & { readonly ns: number | undefined };
}

/** codegen compares our code with clang's for programs written in both languages, or with bpftrace's for one-liners. */
export async function codegen(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      peer: { type: "string", default: "clang" },
      rounds: { type: "string", default: "5" },
      repeat: { type: "string", default: "200000" },
    },
  });
  if (values.peer === "bpftrace") return againstBpftrace(values.json);
  const version = clangVersion();
  if (version === undefined) throw new Error("clang is not installed: there is nothing to compare with");
  const folder = mkdtempSync(join(tmpdir(), "go3s-codegen-"));
  try {
    writeKernelHeader(folder);
    const chosen = probes.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    const rows: Row[] = [];
    for (const probe of chosen)
      rows.push(...(await compare(probe, folder, Number(values.rounds), Number(values.repeat))));
    if (values.json)
      console.log(JSON.stringify({ clang: version, rows, means: meansOf(rows) }, undefined, 2));
    else print(rows, version);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** compileOurs compiles NAME.go3s and gives the object and its programs' names. */
function compileOurs(name: string): { object: Uint8Array; programs: string[] } {
  const text = readFileSync(join(sources, `${name}.go3s`), "utf8");
  const result = compile([{ name: `${name}.go3s`, text }], {
    kernelBtf: kernelBtf(),
    tracepointFormat,
  });
  if (result.object === undefined) throw new Error(renderDiagnostics(result));
  return { object: result.object, programs: result.programs.map((program) => program.name) };
}

async function compare(probe: Probe, folder: string, rounds: number, repeat: number): Promise<Row[]> {
  const { object, programs } = compileOurs(probe.name);
  const ours = loadObject(readObject(object));
  let clang: LoadedObject | undefined;
  try {
    clang = loadObject(readObject(readFileSync(await compileC(probe.name, folder))));
    const sides = [ours, clang];
    const least = sides.map(() => new Map<string, number>());
    for (let round = 0; round < rounds; round++) {
      // Each round begins with the other side: what is warm helps both alike.
      for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const side = sides[i];
        if (side === undefined) continue;
        for (const [name, ns] of await timeOf(side, programs, probe.drive, repeat))
          least[i]?.set(name, Math.min(ns, least[i]?.get(name) ?? ns));
      }
    }
    return programs.map((program) => ({
      probe: probe.name,
      program,
      ours: { ...countsOf(ours, program), ns: least[0]?.get(program) },
      clang: { ...countsOf(sides[1] ?? ours, program), ns: least[1]?.get(program) },
    }));
  } finally {
    ours.close();
    clang?.close();
  }
}

const figures = ["verified", "translated", "native", "ns"] as const;

/** meansOf gives for each figure the geometric mean of ours/clang's and the worst. */
function meansOf(rows: readonly Row[]): Record<string, { mean: number; worst: number; program: string }> {
  return Object.fromEntries(
    figures.map((figure) => {
      const ratios = rows.flatMap(({ probe, program, ours, clang }) => {
        const [a, b] = [ours[figure], clang[figure]];
        return a === undefined || b === undefined || b === 0
          ? []
          : [{ ratio: a / b, name: `${probe}/${program}` }];
      });
      const worst = ratios.reduce((most, each) => (each.ratio > most.ratio ? each : most), {
        ratio: 0,
        name: "",
      });
      const mean = geometricMean(ratios.map(({ ratio }) => ratio));
      return [figure, { mean, worst: worst.ratio, program: worst.name }];
    }),
  );
}

function print(rows: readonly Row[], version: string): void {
  const pair = (a: number | undefined, b: number | undefined): string[] =>
    a === undefined || b === undefined
      ? ["", "-"]
      : [`${Math.round(a)}/${Math.round(b)}`, (a / b).toFixed(2)];
  console.log(`Go3s / ${version} -O2 -mcpu=v3; verified: instructions the verifier walked\n`);
  printTable(
    ["program", "verified", "", "length", "", "native", "", "ns", ""],
    rows.map(({ probe, program, ours, clang }) => [
      `${probe} ${program}`,
      ...figures.flatMap((figure) => pair(ours[figure], clang[figure])),
    ]),
  );
  console.log("");
  printTable(
    ["geometric mean of ours/clang's", "mean", "worst", ""],
    Object.entries(meansOf(rows)).map(([figure, { mean, worst, program }]) => [
      figure,
      mean.toFixed(3),
      worst.toFixed(2),
      program,
    ]),
  );
}
