import { newReporter } from "../source/diagnostics.js";
import { type KernelTypes, noKernelTypes } from "../types/kernel.js";
import type { Type } from "../types/type.js";
import { type CTypes, newCTypes } from "./c-types.js";
import { parseScript } from "./parser.js";
import type { ProbePlace } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import type { Declaration } from "./tree.js";

/** TypesOf gives the types that a probe's statements may name. */
export type TypesOf = (place: ProbePlace) => CTypes;

/** pathOf is the program that a probe is in. */
const pathOf = (place: ProbePlace): string | undefined =>
  place.kind === "uprobe" || place.kind === "uretprobe" || place.kind === "usdt" ? place.path : undefined;

/** fromDebug reads a struct of a program from the C that the machine writes of its DWARF. */
function fromDebug(text: string | undefined, name: string): Type | undefined {
  if (text === undefined) return undefined;
  const report = newReporter();
  const { declarations } = parseScript(text, new Map(), report);
  if (report.errors > 0) return undefined;
  const node = { name: `struct ${name}`, pointers: 0, lengths: [], start: 0, end: 0 };
  return newCTypes(declarations, noKernelTypes, report).resolve(node, () => undefined);
}

/**
 * newTypesOf gives each probe the script's own types, then those of the program it is in, then the kernel's. Debug
 * information is only asked for names that the script does not declare.
 */
export function newTypesOf(
  declarations: readonly Declaration[],
  own: CTypes,
  kernel: KernelTypes,
  machine: ScriptMachine,
): TypesOf {
  const byPath = new Map<string, CTypes>();
  return (place) => {
    const path = pathOf(place);
    if (path === undefined || machine.userType === undefined) return own;
    const held = byPath.get(path);
    if (held !== undefined) return held;
    const found = new Map<string, Type | undefined>();
    const outside = (name: string): Type | undefined => {
      if (!found.has(name)) found.set(name, fromDebug(machine.userType?.(path, name), name));
      return found.get(name);
    };
    const types = newCTypes(declarations, kernel, newReporter(), outside);
    byPath.set(path, types);
    return types;
  };
}
