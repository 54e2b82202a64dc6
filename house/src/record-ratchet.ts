// Writes house/ratchet.json from the tree as it is: `npm run ratchet`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, sourceFiles } from "./files.js";
import { countHabits } from "./ratchet.js";

const sorted = Object.fromEntries(
  Object.entries(countHabits(sourceFiles())).map(([key, row]) => [
    key,
    Object.fromEntries(Object.entries(row).sort()),
  ]),
);
writeFileSync(join(root, "house", "ratchet.json"), `${JSON.stringify(sorted, null, 2)}\n`);
