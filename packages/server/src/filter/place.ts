import type { FilterPlace } from "./ast.js";

/** Caret says what stands at the caret of a filter's text: a key or word being typed, or the value of a key. */
export interface Caret {
  readonly place: FilterPlace;
  /** The key whose value is being typed; undefined while a key or word is. */
  readonly key: string | undefined;
  /** What is typed so far of the key or value, without quotes. */
  readonly part: string;
}

/** caretOf finds the piece of a term that ends at the caret; the text need not be a right filter yet. */
export function caretOf(text: string, caret: number): Caret {
  const at = Math.max(0, Math.min(text.length, caret));
  const before = text.slice(0, at);
  const value =
    /(?:^|[\s(-])(?:"((?:[^"\\]|\\.)*)"|([^\s()":-][^\s()":]*)):((?:[<>]=?)?)("(?:[^"\\]|\\.)*|[^\s()"]*)$/.exec(
      before,
    );
  if (value) {
    const typed = value[4] ?? "";
    const rest = /^[^\s()"]*"?/.exec(text.slice(at))?.[0] ?? "";
    return {
      place: { start: at - typed.length, end: at + rest.length },
      key: unescaped(value[1] ?? value[2] ?? ""),
      part: unescaped(typed.replace(/^"/, "")),
    };
  }
  const typed = /[^\s()"]*$/.exec(before)?.[0].replace(/^-/, "") ?? "";
  const rest = /^[^\s()":]*:?/.exec(text.slice(at))?.[0] ?? "";
  return {
    place: { start: at - typed.length, end: at + rest.length },
    key: undefined,
    part: unescaped(typed),
  };
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}
