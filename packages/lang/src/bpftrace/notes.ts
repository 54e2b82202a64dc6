import type { Range } from "../source/file.js";
import type { State } from "./state.js";

/** runtimeNote sends word of something that only shows when the script runs; it goes on. */
export function runtimeNote(state: State, at: Range, message: string): void {
  const known = state.events.findIndex(
    (event) => event.kind === "warning" && event.message === message && event.at.start === at.start,
  );
  const id = known >= 0 ? known : state.events.length;
  if (known < 0) state.events.push({ kind: "warning", at: { start: at.start, end: at.end }, message });
  const record = `w${state.counter++}`;
  state.out.push(
    `${record} := events.Reserve()`,
    `if ${record} == nil { bpf.AtomicAdd(&lost, 1) } else { ${record}.ID = ${id}; events.Submit(${record}) }`,
  );
}
