import { newReporter } from "../source/diagnostics.js";
import { parseScript } from "./parser.js";
import type { Macro } from "./tree.js";

/** What can be said in the language itself is said in it; other functions are in the tables of calls. */
const text = `
macro container_of(p, t, member) { (t*)((uint64)p - offsetof(t, member)) }
macro ppid(task) { task.real_parent.tgid }
macro pcomm(task) { task.real_parent.comm }
macro leader_tid(task) { task.group_leader.pid }
macro leader_comm(task) { task.group_leader.comm }
macro assert(ok, message) { if (!ok) { errorf("assert failed: %s", message); exit(1); } }
`;

/** libraryNames are theirs, so that a script without them does not read them. */
export const libraryNames: ReadonlySet<string> = new Set(
  [...text.matchAll(/^macro (\w+)/gm)].map(([, name = ""]) => name),
);

let known: readonly Macro[] | undefined;

/** libraryMacros are the macros that every script may call; a script's own of the same name come first. */
export function libraryMacros(): readonly Macro[] {
  known ??= parseScript(text, new Map(), newReporter()).macros.map((macro) => ({
    ...macro,
    isLibrary: true,
  }));
  return known;
}
