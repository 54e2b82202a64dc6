import assert from "node:assert/strict";
import { BpfError } from "../errors.js";

/** refused checks that something throws a BpfError of a code whose message or hint says this. */
export function refused(code: string, text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof BpfError, String(error));
    assert.match(`${error.message} ${error.hint ?? ""}`, text);
    assert.equal(error.code, code);
    return true;
  };
}

/** refusedWithHint checks the same, and that it is said what to do. */
export function refusedWithHint(code: string, text: RegExp) {
  const isRefused = refused(code, text);
  return (error: unknown): boolean =>
    isRefused(error) && error instanceof BpfError && error.hint !== undefined;
}
