import type { Value } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import { under } from "../types/type.js";
import { isDirect, type Low, type Place, refuse, type Scalar, type Space } from "./state.js";

/** memoryOf names a kind of memory in a message. */
export function memoryOf(space: Space): string {
  const names: Readonly<Record<string, string>> = {
    stack: "the stack",
    map: "a map's value",
    ring: "a ring buffer's record",
    packet: "the packet",
    context: "the context",
    data: "a package variable",
  };
  return names[space] ?? `${space} memory`;
}

/** slotOf finds the stack slot a pointer surely points into. */
function slotOf(value: Value): Value["slot"] {
  let at: Value | undefined = value;
  for (let steps = 0; at !== undefined && steps < 16; steps++) {
    if (at.op === "slot") return at.slot;
    if (at.op !== "add") return undefined;
    at = at.args[0];
  }
  return undefined;
}

/** refuseOwn refuses a pointer to a function's own stack as its result: the memory ends with the function. */
export function refuseOwn(low: Low, pointer: Scalar, at: Range): void {
  const inlined = low.frame.result !== undefined;
  const slot = slotOf(pointer.value);
  const own = slot !== undefined && slot.id >= low.frame.firstSlot;
  if (inlined ? !own : pointer.space !== "stack") return;
  refuse(
    low,
    "escape",
    at,
    own
      ? "this pointer is to a variable of the function, which ends with it"
      : "a subprogram cannot return a pointer to the stack",
    "return the value, or let the caller pass memory to fill: func f(out *T)",
  );
}

/**
 * refuseKept refuses a pointer to memory of the program where it would be kept as a number: what is read back later may
 * be gone by then, and the verifier no longer knows what it points to. Kernel and user addresses are only numbers anyway.
 */
export function refuseKept(low: Low, to: Place, pointer: Scalar, at: Range): boolean {
  if (under(to.type).kind !== "pointer" || !isDirect(pointer.space)) return false;
  if (pointer.value.op === "const" && pointer.value.imm === 0n) return false;
  // A pointer of unknown origin has a direct space only when the compiler followed it here.
  refuse(
    low,
    "escape",
    at,
    `a pointer to ${memoryOf(pointer.space)} cannot be kept in ${to.space === "stack" ? "a struct or an array" : memoryOf(to.space)}`,
    "keep a copy of the value, or the key to look it up again",
  );
  return true;
}
