import { BpfError } from "@go3s/bpf";
import { InputError } from "../failure.js";

// What these say of an object or a folder is for whoever named it to mend, so the command ends as for a wrong one.
const wrongInput: ReadonlySet<string> = new Set([
  "bad-argument",
  "bad-object",
  "bad-btf",
  "bad-instruction",
  "bad-pin-path",
  "map-mismatch",
  "verifier-rejected",
]);

/** asInput does work on what the command line names: what is wrong with that ends the command with 2, explained. */
export function asInput<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BpfError && wrongInput.has(error.code)) throw new InputError(error);
    throw error;
  }
}
