import { readFileSync } from "node:fs";
import { BpfError } from "../errors.js";

const DEVICES = "/sys/bus/event_source/devices";

/** PerfSource is a dynamic perf event source: its type number and the config bit of return probes. */
export interface PerfSource {
  readonly type: number;
  readonly returnBit: number;
}

/** perfSource looks up the uprobe or kprobe source (4.17). Throws BpfError `not-supported`. */
export function perfSource(name: "uprobe" | "kprobe"): PerfSource {
  try {
    const type = Number(readFileSync(`${DEVICES}/${name}/type`, "utf8"));
    const format = readFileSync(`${DEVICES}/${name}/format/retprobe`, "utf8");
    return { type, returnBit: Number(/config:(\d+)/.exec(format)?.[1] ?? 0) };
  } catch (cause) {
    const option = name === "uprobe" ? "CONFIG_UPROBE_EVENTS" : "CONFIG_KPROBE_EVENTS";
    throw new BpfError("not-supported", `this kernel has no ${name}s: ${DEVICES}/${name} is missing`, {
      hint: `a kernel from 4.17 on built with ${option}=y has them`,
      cause,
    });
  }
}
