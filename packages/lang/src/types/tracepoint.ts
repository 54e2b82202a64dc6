import { type Field, type Type, uint8 } from "./type.js";

const line = /^\s*field:(.+?)\s*([\w]+)(\[(\w*)\])?;\s*offset:(\d+);\s*size:(\d+);\s*signed:(\d);/;

function scalar(declaration: string, size: number, signed: boolean): Type | undefined {
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return undefined;
  if (/\bchar\b/.test(declaration) && size === 1)
    return { ...uint8, kind: "int", name: "uint8", bits: 8, signed: false, char: true };
  const bits = size === 1 ? 8 : size === 2 ? 16 : size === 4 ? 32 : 64;
  const isSigned = signed && !declaration.includes("*");
  return { kind: "int", name: `${isSigned ? "" : "u"}int${bits}`, bits, signed: isSigned };
}

/**
 * tracepointFields reads a tracepoint's `format` file (tracefs, events/GROUP/NAME/format) into fields.
 * `__data_loc` fields become uint32: the offset in the low half, the length in the high half.
 * Common fields are left out: programs may not read the first 8 bytes.
 */
export function tracepointFields(format: string): Field[] {
  const fields: Field[] = [];
  for (const text of format.split("\n")) {
    const match = line.exec(text);
    if (match === null) continue;
    const [, declaration = "", name = "", brackets, length = ""] = match;
    const offset = Number(match[5]);
    const size = Number(match[6]);
    const signed = match[7] === "1";
    if (offset < 8) continue;
    const located = declaration.includes("__data_loc") || declaration.includes("__rel_loc");
    let type: Type | undefined;
    if (brackets === undefined || located) type = scalar(located ? "" : declaration, size, signed);
    else {
      const count = /^\d+$/.test(length) ? Number(length) : size;
      const element = count > 0 ? scalar(declaration, size / count, signed) : undefined;
      type = element === undefined ? undefined : { kind: "array", element, length: count };
    }
    if (type !== undefined) fields.push({ name, type, offset, embedded: false });
  }
  return fields;
}
