import { readFileSync } from "node:fs";
import { BpfError } from "../errors.js";

let known: number | undefined;

/** parseCpuList counts the processors of a list such as `0-3,8`: the highest number plus one. */
export function parseCpuList(text: string): number {
  let highest = -1;
  for (const range of text.trim().split(",")) {
    const found = /^(\d+)(?:-(\d+))?$/.exec(range);
    if (found === null) throw new BpfError("bad-argument", `"${text.trim()}" is not a list of processors`);
    highest = Math.max(highest, Number(found[2] ?? found[1]));
  }
  return highest + 1;
}

/** possibleCpus gives the number of processors per-CPU maps have a value for: possible ones, not online ones. */
export function possibleCpus(): number {
  known ??= parseCpuList(readFileSync("/sys/devices/system/cpu/possible", "utf8"));
  return known;
}

/** onlineCpus lists the numbers of the processors that are online. */
export function onlineCpus(): number[] {
  const cpus: number[] = [];
  for (const range of readFileSync("/sys/devices/system/cpu/online", "utf8").trim().split(",")) {
    const [first = "0", last = first] = range.split("-");
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu);
  }
  return cpus;
}
