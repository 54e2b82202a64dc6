import type { Reporter } from "../source/diagnostics.js";
import { expandMacros } from "./macros.js";
import { scoped } from "./scopes.js";
import type { ScriptTree } from "./tree.js";

/** expanded is a script with its macros in place and each variable under a name of its own. */
export function expanded(tree: ScriptTree, report: Reporter): ScriptTree {
  return { ...tree, actions: expandMacros(tree.actions, tree.macros, report).map(scoped) };
}
