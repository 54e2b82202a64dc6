import { tracepointFields } from "../types/tracepoint.js";
import type { Field } from "../types/type.js";

/** TracepointArgument is a field of a tracepoint and what its declaration says of it. */
export interface TracepointArgument {
  readonly field: Field;
  /** located fields are text kept behind the record (`__data_loc`). */
  readonly located: boolean;
  /** user fields are pointers into the process. */
  readonly user: boolean;
  /** struct is the type that a pointer is declared to point to. */
  readonly struct: string | undefined;
}

const declared = /^\s*field:(.+?)\s*(\w+)(?:\[\w*\])?;/;

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
      struct: /^(?:const )?struct (\w+) ?\*$/.exec(declaration.trim())?.[1],
    };
  });
}
