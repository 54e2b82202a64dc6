import type { Range } from "../source/file.js";
import { send } from "./events.js";
import type { ScriptEvent, Shape } from "./script.js";
import { captured, emit, fresh, type State } from "./state.js";
import { integer } from "./values.js";

const codeShape: Shape = { kind: "int", signed: true };

/** helperError emits word of what the kernel refused, with the number it gave. */
function helperError(state: State, at: Range, helper: string, code: string, message?: string): void {
  const event: ScriptEvent = {
    kind: "helper-error",
    at: { start: at.start, end: at.end },
    helper,
    fields: [codeShape],
    ...(message === undefined ? {} : { message }),
  };
  send(state, at, event, [{ value: integer(code, true), at }], [codeShape]);
}

/** readingMemory reads memory; with -k a failure is told, otherwise what cannot be read is 0. */
export function readingMemory(state: State, at: Range, space: "kernel" | "user", read: string): void {
  if (!state.limits.tellsErrors) {
    emit(state, at, read);
    return;
  }
  const code = fresh(state, "r");
  emit(state, at, `${code} := ${read}`);
  const { lines } = captured(state, () => helperError(state, at, `probe_read_${space}`, `int64(${code})`));
  state.out.push(`if ${code} < 0 {`, ...lines, "}");
}

/** missing tells, with -k, that a map has no such key. */
export function missing(state: State, at: Range, isMissing: string, helper: "lookup" | "delete"): void {
  if (!state.limits.tellsErrors) return;
  const [message, code] =
    helper === "lookup"
      ? ["Can't lookup map element because it does not exist.", 0]
      : ["Can't delete map element because it does not exist.", -2];
  const { lines } = captured(state, () =>
    helperError(state, at, `map_${helper}_elem`, `int64(${code})`, message),
  );
  state.out.push(`if ${isMissing} {`, ...lines, "}");
}
