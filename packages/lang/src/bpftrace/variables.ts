import type { Shape } from "./script.js";
import { sameShape, wider } from "./shapes.js";
import type { State } from "./state.js";

/** shownName is a variable's name as the script has it: those of blocks and macros carry a number behind two underscores. */
export function shownName(name: string): string {
  return name.replace(/(?:__m?\d+)+$/, "");
}

/** note widens what is known of a variable, and gives what it is now; undefined when it holds something else. */
export function note(state: State, name: string, type: Shape): Shape | undefined {
  const from = state.unit.variables.get(name) ?? state.before.get(name);
  const joined = from === undefined ? type : wider(from, type);
  if (joined === undefined) return undefined;
  if (from === undefined || !sameShape(from, joined)) state.changed = true;
  state.unit.variables.set(name, joined);
  return joined;
}

/** declare lets a variable be read before it is assigned: it is 0 or empty then. */
export function declare(state: State, name: string): void {
  const before = state.before.get(name);
  if (before !== undefined) state.unit.variables.set(name, before);
  else state.declared.add(name);
}
