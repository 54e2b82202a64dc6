// A process that loads an object each time a line comes in: the half of `npm run bench -- load` that is ours.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadObject, readObject } from "@go3s/bpf";

const bytes = readFileSync(process.argv[2] ?? "");
console.log("ready");
for await (const _ of createInterface(process.stdin)) {
  const begin = process.hrtime.bigint();
  const object = loadObject(readObject(bytes));
  const ns = Number(process.hrtime.bigint() - begin);
  console.log(JSON.stringify({ ns, programs: object.programs.size, maps: object.maps.size }));
  object.close();
}
