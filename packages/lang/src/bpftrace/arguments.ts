import { tracepointFields } from "../types/tracepoint.js";
import type { Field } from "../types/type.js";

/** TracepointArgument is a field of a tracepoint and what its declaration says of it. */
export interface TracepointArgument {
  readonly field: Field;
  /** located fields are text kept behind the record (`__data_loc`). */
  readonly located: boolean;
  /** user fields are pointers into the process. */
  readonly user: boolean;
  /** pointer is what a pointer is declared to point to, with the number of its stars. */
  readonly pointer: { readonly name: string; readonly stars: number } | undefined;
  /** enumOf is the enum that it is declared as. */
  readonly enumOf: string | undefined;
}

const declared = /^\s*field:(.+?)\s*(\w+)(?:\[\w*\])?;/;

/** pointerOf reads `const char *const *`. */
function pointerOf(declaration: string): TracepointArgument["pointer"] {
  const stars = declaration.split("*").length - 1;
  const name = declaration
    .replace(/\*|\b(?:const|volatile|__user)\b/g, " ")
    .trim()
    .replace(/\s+/g, " ");
  return stars === 0 || !/^[\w ]+$/.test(name) ? undefined : { name, stars };
}

/** tracepointArguments reads a tracepoint's `format` file. */
export function tracepointArguments(format: string): TracepointArgument[] {
  const declarations = new Map<string, string>();
  for (const line of format.split("\n")) {
    const match = declared.exec(line);
    if (match?.[2] !== undefined) declarations.set(match[2], match[1] ?? "");
  }
  return tracepointFields(format).map((field) => {
    const declaration = declarations.get(field.name) ?? "";
    return {
      field,
      located: /__data_loc/.test(declaration) && /\bchar\b/.test(declaration),
      user: declaration.includes("*") && format.includes("name: sys_"),
      pointer: pointerOf(declaration),
      enumOf: /^enum (\w+)$/.exec(declaration.trim())?.[1],
    };
  });
}
