import type { ObjectSpec } from "../object/spec.js";
import { goBindings } from "./go.js";
import { modelOf } from "./model.js";
import { typescriptBindings } from "./typescript.js";

/** BindingsOptions say in which language, and of which file. */
export interface BindingsOptions {
  readonly language: "ts" | "go";
  /**
   * The object's path as the bindings' file sees it, with `/`: `./probe.o`, `../build/probe.o`. TypeScript
   * reads it at run time from beside the module; Go embeds it, so that there it must be in the same folder.
   */
  readonly source: string;
  /** Names of further types to write, as in C without `struct`: events that no map and no variable names. */
  readonly types?: readonly string[];
  /**
   * Types of what ring and perf buffers carry, by the map's name: `{ events: "event" }`. Objects tell it only
   * where they name it as the map's value type, which libbpf's loader does not take.
   */
  readonly records?: Readonly<Record<string, string>>;
  /** Go only: the package's name, `main` when absent. */
  readonly package?: string;
  /** Go only: what all names begin with; the source's base name when absent. */
  readonly stem?: string;
}

/**
 * bindingsOf writes typed bindings of an object as source text, the same for the same object everywhere.
 *
 * TypeScript: a module with a plain type and a view with getters at fixed offsets for each struct; the values
 * of enums; `Maps`, `Programs`, `Variables`, typed; and `load(options?)`, which gives them for the loaded
 * object, checks that it is the one they were made of, and has a `readNAME(handler)` for each ring or
 * perf buffer whose records' type is known. Go: structs of the exact layout, checked by the compiler, and what
 * bpf2go's users know: loadNAME, loadNAMEObjects, NAMEObjects with Maps, Programs, Variables.
 *
 * A struct that changed is an error of the compiler in code that uses what is no longer there.
 * Throws BpfError `not-found` for a type that is not in the object, `bad-btf`, `bad-object`.
 */
export function bindingsOf(spec: ObjectSpec, options: BindingsOptions): string {
  const types = options.types ?? [];
  const model = modelOf(spec, types, options.records);
  if (options.language === "go") return goBindings(model, options);
  return typescriptBindings(model, options);
}
