import { BpfError } from "../errors.js";

/** refused checks that something throws a BpfError of a code whose message or hint says this. */
export function refused(code: string, text: RegExp) {
  return (error: unknown): boolean =>
    error instanceof BpfError && error.code === code && text.test(`${error.message} ${error.hint ?? ""}`);
}
