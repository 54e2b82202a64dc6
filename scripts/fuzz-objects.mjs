// Breaks object files and their types by chance and looks for anything but a clear error.
//   nice -n 15 node scripts/fuzz-objects.mjs SECONDS FIRST_SEED FOLDER...
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Btf } from "@go3s/bpf";
import { fuzzOnce, specimenOf } from "../packages/bpf/dist/testing/fuzz.js";
import { ownObject } from "../packages/bpf/dist/testing/own-object.js";

const [seconds = "20", first = "1", ...folders] = process.argv.slice(2);
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.(o|elf)$/.test(name))
    .map((name) => readFileSync(join(folder, name))),
);
// Small ones: most of a large object is debug information, which nobody reads here.
const objects = [
  ownObject(),
  ...files.map((bytes) => new Uint8Array(bytes)).filter(({ length }) => length < 40_000),
];
const specimens = [];
for (const bytes of objects) {
  try {
    specimens.push(specimenOf(bytes));
  } catch {
    // Not an object in the first place.
  }
}
const targets = specimens.flatMap(({ btf }) => (btf === undefined ? [] : [new Btf(btf)]));
const end = performance.now() + Number(seconds) * 1000;
let [seed, slowest, slowestSeed] = [Number(first), 0, 0];
let findings = 0;
for (; performance.now() < end; seed++) {
  const started = performance.now();
  try {
    fuzzOnce(specimens[seed % specimens.length], targets[seed % targets.length], seed);
  } catch (error) {
    if (findings++ < 5) process.stdout.write(`seed ${seed}: ${error.stack}\n`);
  }
  const took = performance.now() - started;
  if (took > slowest) [slowest, slowestSeed] = [took, seed];
}
const { rss } = process.memoryUsage();
process.stdout.write(
  `${JSON.stringify({ from: Number(first), to: seed, specimens: specimens.length, findings, slowestMs: Math.round(slowest), slowestSeed, rssMiB: rss >> 20 })}\n`,
);
process.exit(findings > 0 ? 1 : 0);
