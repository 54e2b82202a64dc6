import type { AnySymbol } from "../types/symbols.js";
import { type Field, type StructType, sizeOf, type Type, typeName, under } from "../types/type.js";

// A struct of the kernel has up to 250 members: a hover shows its start.
const shownFields = 40;

/** structText writes a struct with the offsets of its fields. */
export function structText(name: string, struct: StructType): string {
  const fields = struct.fields.slice(0, shownFields).map((field) => `\t${fieldText(field)}`);
  const more = struct.fields.length - fields.length;
  if (more > 0) fields.push(`\t// and ${more} more`);
  return [`type ${name} struct { // ${struct.size} bytes`, ...fields, "}"].join("\n");
}

/** fieldText writes a field with its offset. */
export function fieldText({ name, type, offset, embedded }: Field): string {
  const shown = embedded && name === "" ? memberText(type) : `${name} ${typeName(type)}`;
  return `${shown} // offset ${offset}`;
}

function memberText(type: Type): string {
  const of = under(type);
  return of.kind === "struct" ? `${of.kernel?.union === true ? "union" : "struct"} {…}` : typeName(type);
}

/** typeText writes a type at length. */
export function typeText(type: Type): string {
  const of = under(type);
  const name = typeName(type);
  if (of.kind === "struct") return structText(name, of);
  return type.kind === "named" ? `type ${name} ${typeName(of)} // ${sizeOf(type)} bytes` : name;
}

/** symbolText writes a declaration as the program would. */
export function symbolText(symbol: AnySymbol): string {
  switch (symbol.kind) {
    case "variable":
      return `var ${symbol.name} ${typeName(symbol.type)}`;
    case "global":
      return `var ${symbol.name} ${typeName(symbol.type)} // ${symbol.section}, ${sizeOf(symbol.type)} bytes`;
    case "map": {
      const { key, value, entries } = symbol.type;
      const keys = key.kind === "void" ? "" : `key ${sizeOf(key)} bytes, `;
      return `var ${symbol.name} = ${typeName(symbol.type)}(${entries}) // ${keys}value ${value.kind === "void" ? 0 : sizeOf(value)} bytes`;
    }
    case "constant":
      return typeof symbol.state === "object" && "value" in symbol.state
        ? `const ${symbol.name} = ${valueText(symbol.state.value)}`
        : `const ${symbol.name}`;
    case "type":
      return typeText(symbol.type);
    case "function":
      return `func ${symbol.name}${typeName(symbol.type).slice("func".length)}`;
    case "package":
      return `package ${symbol.name}`;
  }
}

function valueText(value: bigint | string | boolean): string {
  if (typeof value === "bigint") return value > 9n ? `${value} // 0x${value.toString(16)}` : String(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
