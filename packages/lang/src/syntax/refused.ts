import type { DiagnosticId } from "../source/codes.js";
import type { Cursor } from "./cursor.js";

/** Refusal is Go that BPF cannot have: the kind of error, why, and what to do instead. */
export interface Refusal {
  readonly code: DiagnosticId;
  readonly why: string;
  readonly instead: string;
}

const refusal = (code: DiagnosticId, why: string, instead: string): Refusal => ({ code, why, instead });

/** refusedTypes are Go's types that need a heap or a run-time, by the keyword they begin with. */
export const refusedTypes: Readonly<Record<string, Refusal>> = {
  map: refusal(
    "heap",
    "Go's maps need a heap",
    "declare a BPF map as a package variable: var m = bpf.Hash[K, V](n)",
  ),
  chan: refusal(
    "heap",
    "channels need a heap and a scheduler",
    "declare a ring buffer to send data to user space: var events = bpf.RingBuf[T](1 << 20)",
  ),
  interface: refusal(
    "heap",
    "interfaces need a heap and calls through pointers",
    "name the concrete type, or write one function for each type",
  ),
  func: refusal(
    "heap",
    "BPF cannot call through a pointer: a function is no value",
    "call the function by its name; bpf.Loop and ForEach take a function where they are called",
  ),
};

/** refusedStatements are Go's statements that BPF cannot have. */
export const refusedStatements: Readonly<Record<string, Refusal>> = {
  go: refusal("unsupported", "BPF programs have no goroutines", "call the function"),
  defer: refusal("unsupported", "BPF programs have no defer", "do it before each return"),
  select: refusal(
    "unsupported",
    "BPF programs have no channels",
    "send events with a ring buffer: events.Output(v)",
  ),
  goto: refusal("unsupported", "goto is not supported", "use a labelled break or continue"),
  fallthrough: refusal(
    "unsupported",
    "fallthrough must be the last statement of a case",
    "move it to the case's end",
  ),
};

export const refusedForms = {
  variadic: refusal(
    "heap",
    "a variable number of parameters needs a slice",
    "give the function one parameter for each value, or an array",
  ),
  generic: refusal(
    "unsupported",
    "functions and types of your own cannot have type parameters",
    "write one for each type",
  ),
  assertion: refusal(
    "heap",
    "there are no interfaces, so no value has a type to ask for",
    "convert a number with T(x), a pointer with (*T)(p)",
  ),
  receive: refusal("unsupported", "BPF has no channels", "read from a map or a queue: queue.Pop(&v)"),
  send: refusal("unsupported", "BPF has no channels", "send with a ring buffer: events.Output(v)"),
  results: refusal("unsupported", "a result cannot have a name", "return the value"),
} as const satisfies Readonly<Record<string, Refusal>>;

/** skipBrackets takes everything from an opening bracket to the one that closes it. */
export function skipBrackets(cursor: Cursor): void {
  let open = 0;
  while (cursor.token().kind !== "end") {
    if (cursor.is("(") || cursor.is("[") || cursor.is("{")) open++;
    else if (cursor.is(")") || cursor.is("]") || cursor.is("}")) open--;
    cursor.next();
    if (open <= 0) return;
  }
}
