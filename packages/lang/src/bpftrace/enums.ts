import type { State } from "./state.js";

/** enumNames gives the names of an enum's values, where the enum is known: one of the script, or of the kernel. */
export function enumNames(state: State, name: string): ReadonlyMap<bigint, string> | undefined {
  return state.types.enums.get(name) ?? state.kernel.enumValues?.(name);
}
