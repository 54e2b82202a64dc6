import { writeSync } from "node:fs";
import { openStore } from "../store.js";
import { spanBlock } from "./plain-block.js";

/*
 * A program for tests: appends blocks of spans without end and prints, for each one that was acknowledged, its
 * prefix on a line of its own. It is started with the directory and a name for its run, and killed by the test.
 */
const [dir = "", run = ""] = process.argv.slice(2);
const store = await openStore({
  dir,
  segmentBytesMax: 400_000,
  onNotice: (text) => writeSync(2, `${text}\n`),
});
const LANES = 4;
let next = 0;

async function lane(): Promise<never> {
  for (;;) {
    const prefix = `${run}.${next++}`;
    await store.append([spanBlock(prefix, 50), spanBlock(`${prefix}b`, 7)]);
    writeSync(1, `${prefix}\n`);
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
