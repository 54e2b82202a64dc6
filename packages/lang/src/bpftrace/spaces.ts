import type { Space, State } from "./state.js";

/** spaceOf is where a probe's plain addresses point: into the process where the probe is there. */
export function spaceOf(state: State): Space {
  const { place } = state.unit;
  if (place.kind === "uprobe" || place.kind === "uretprobe" || place.kind === "usdt") return "user";
  return place.kind === "tracepoint" && (place.group === "syscalls" || place.group === "raw_syscalls")
    ? "user"
    : "kernel";
}
