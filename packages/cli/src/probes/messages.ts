import type { ProbeCheck, ProbeOrder, ProbeText, ProbeTold } from "@go3s/server";

/** CheckOrder asks the process that compiles for a program's mistakes. */
export interface CheckOrder {
  readonly type: "check";
  readonly id: number;
  readonly program: ProbeText;
}

/** RunOrder begins a run in a process of its own; StopOrder ends it. */
export interface RunOrder {
  readonly type: "run";
  readonly order: ProbeOrder;
}
export interface StopOrder {
  readonly type: "stop";
}

/** CheckTold is the answer to a CheckOrder. */
export interface CheckTold {
  readonly type: "checked";
  readonly id: number;
  readonly check: ProbeCheck;
}

/** isOrder checks a message of the server's process by its shape's name. */
export function isOrder(value: unknown): value is CheckOrder | RunOrder | StopOrder {
  return hasType(value, ["check", "run", "stop"]);
}

/** isTold checks a message of a probe's process. */
export function isTold(value: unknown): value is ProbeTold {
  return hasType(value, ["attached", "output", "cost", "ended"]);
}

/** isChecked checks a message of the process that compiles. */
export function isChecked(value: unknown): value is CheckTold {
  return hasType(value, ["checked"]);
}

function hasType(value: unknown, types: readonly string[]): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    types.includes(value.type)
  );
}
