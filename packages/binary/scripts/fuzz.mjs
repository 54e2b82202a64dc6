// Changes bytes of debug information and runs every reader over it: `node packages/binary/scripts/fuzz.mjs SEED SECONDS`.
// Anything but an answer or a BinaryError ends the run with the seed and the number of the change that caused it.
import { readFileSync } from "node:fs";
import { readElf } from "../dist/elf/read.js";
import { compilers, openBench } from "../dist/testing/debug-fixtures.js";
import { debugRanges, mutate, randomFrom, readEverything } from "../dist/testing/hostile.js";

const [seed = 1, seconds = 50] = process.argv.slice(2).map(Number);
const files = [];
{
  const bench = openBench();
  for (const flags of [
    ["-gdwarf-4"],
    ["-gdwarf-5"],
    ["-gdwarf-5", "-gsplit-dwarf"],
    ["-gdwarf-4", "-gz=zlib"],
  ]) {
    const bytes = readFileSync(bench.compile(compilers[0], "cart", ["-O2", ...flags]));
    const elf = readElf(bytes);
    const rows = [...elf.symbols()].filter((row) => row.size > 0 && row.type === 2);
    const addresses = rows.flatMap((row) => [row.value + (row.size >> 1)]).slice(0, 4);
    files.push({ bytes, addresses, ranges: debugRanges(elf) });
  }
  bench[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
}
const random = randomFrom(seed);
const end = performance.now() + seconds * 1000;
let count = 0;
let slowest = 0;
while (performance.now() < end) {
  const file = files[random(files.length)];
  const undo = mutate(file.bytes, file.ranges, random);
  const start = performance.now();
  try {
    // One place at a time: the changes count, and every place gets its turn.
    readEverything(file.bytes, [file.addresses[count % file.addresses.length]]);
  } catch (error) {
    console.log(`seed ${seed}, change ${count}:`);
    throw error;
  }
  slowest = Math.max(slowest, performance.now() - start);
  undo();
  count++;
}
const { maxRSS } = process.resourceUsage();
console.log(
  `seed ${seed}: ${count} changes, slowest ${slowest.toFixed(0)} ms, ${Math.round(maxRSS / 1024)} MB at most`,
);
