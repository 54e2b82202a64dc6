import { knownAfter, type Origin } from "./origin.js";
import { isCall, type PathStep } from "./path.js";
import { isPointer } from "./registers.js";
import { callName } from "./story.js";

/** Calls that take something back, or move the packet so that pointers into it are no more. */
const TAKES_BACK =
  /submit|discard|release|drop|destroy|put|delete|unlock|adjust|change|pull|store_bytes|encap|room|redirect|clone/;

/** What the kernel says of a pointer that is one no more. */
const ONLY_A_NUMBER = /invalid mem access '(?:scalar|inv)P?'|type=(?:scalar|inv)P? expected/;

/**
 * releaseOf finds the call that made a number of a pointer: the log does not show it, so that the register was
 * last printed as a pointer, or copied as a number from one that was. Gives its index, undefined when there is none.
 */
export function releaseOf(
  path: readonly PathStep[],
  stations: readonly Origin[],
  objection: string,
): number | undefined {
  if (!ONLY_A_NUMBER.test(objection)) return undefined;
  let until = path.length - 1;
  for (const station of stations) {
    if (station.index < 0) return undefined;
    if (isPointer(knownAfter(path, station))) return lastCall(path, station.index, until);
    if (station.how !== "copy" && station.how !== "stack") return undefined;
    until = station.index;
  }
  return undefined;
}

function lastCall(path: readonly PathStep[], after: number, before: number): number | undefined {
  let any: number | undefined;
  for (let i = before - 1; i > after; i--) {
    const step = path[i];
    if (step?.instruction === undefined || !isCall(step.instruction)) continue;
    if (TAKES_BACK.test(callName(step))) return i;
    any ??= i;
  }
  return any;
}
