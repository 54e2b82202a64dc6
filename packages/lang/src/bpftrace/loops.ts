import { send } from "./events.js";
import { emit, fresh, type State } from "./state.js";
import type { Statement } from "./tree.js";

/** roundLimit ends loops that would never end: they would hold a processor. */
const roundLimit = 1 << 20;

/** forget makes the verifier forget what it knows of the variables: else it walks through every round of a loop. */
export function forget(state: State): void {
  // A counter that is known to be 0 makes it walk; one that comes from memory does not.
  for (const [name, type] of state.unit.variables)
    if (type.kind === "int") state.out.push(`v_${name} += ${type.signed ? "int64" : "uint64"}(unknown)`);
}

/** inLoop compiles the body of a loop, a function of its own: leaving the program takes two steps there. */
export function inLoop(state: State, left: string, end: readonly string[], body: () => void): void {
  const outer = state.leave;
  state.loops++;
  state.leave = [`${left} = true`, ...end];
  body();
  state.leave = outer;
  state.loops--;
}

/** loop runs a body by bpf_loop (kernel 5.17), whose rounds the verifier need not follow. */
export function loop(state: State, at: Statement, body: () => void): void {
  const outer = state.leave;
  const [left, rounds] = [fresh(state, "q"), fresh(state, "r")];
  state.out.push(`var ${left} bool`);
  forget(state);
  emit(state, at, `${rounds} := bpf.Loop(${roundLimit}, func(_ uint32) bool {`);
  inLoop(state, left, ["return true"], body);
  state.out.push("return false", "})");
  state.out.push(`if ${left} {`, ...outer, "}", `if ${rounds} >= ${roundLimit} {`);
  send(state, at, { kind: "endless", at: { start: at.start, end: at.end }, rounds: roundLimit });
  state.out.push("}");
}
