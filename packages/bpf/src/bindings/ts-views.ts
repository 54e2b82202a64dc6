import type { Field, Layout, StructLayout } from "../views/layout.js";
import { isSigned, isWide } from "../views/scalar.js";
import { commentText, propertyAccess, propertyKey } from "./names.js";

/** TypeNames gives the names of structs in the source. */
export type TypeNames = ReadonlyMap<StructLayout, string>;

const INTEGERS: Readonly<Record<string, string>> = {
  "1u": "getUint8",
  "1s": "getInt8",
  "2u": "getUint16",
  "2s": "getInt16",
  "4u": "getUint32",
  "4s": "getInt32",
  "8u": "getBigUint64",
  "8s": "getBigInt64",
};

/** plainType writes the type of a layout's plain value. */
export function plainType(layout: Layout, names: TypeNames, bits?: Field["bits"]): string {
  switch (layout.kind) {
    case "bool":
      return "boolean";
    case "float":
      return "number";
    case "text":
      return "string";
    case "bytes":
      return "Uint8Array";
    case "array":
      return `readonly ${arrayElement(plainType(layout.element, names))}[]`;
    case "struct":
    case "union":
      return names.get(layout) ?? "never";
    default:
      return isWide(layout, bits) ? "bigint" : "number";
  }
}

function arrayElement(type: string): string {
  return type.startsWith("readonly ") ? `(${type})` : type;
}

/** viewType writes the type of what a view's field gives. */
export function viewType(layout: Layout, names: TypeNames, bits?: Field["bits"]): string {
  if (layout.kind === "array") return `ArrayView<${viewType(layout.element, names)}>`;
  if (layout.kind === "struct" || layout.kind === "union") return `${plainType(layout, names)}View`;
  return plainType(layout, names, bits);
}

/** cType says a layout in C's words, for comments. */
export function cType(layout: Layout, bits?: Field["bits"]): string {
  const width = bits === undefined ? "" : ` : ${bits.size}`;
  switch (layout.kind) {
    case "int":
      return commentText(`${layout.name === "" ? "int" : layout.name}${width}`);
    case "bool":
      return `bool${width}`;
    case "float":
      return layout.size === 4 ? "float" : "double";
    case "pointer":
      return "pointer";
    case "enum":
      return commentText(`enum ${layout.name}${width}`);
    case "text":
      return `char[${layout.size}]`;
    case "bytes":
      return `${layout.size} bytes`;
    case "array":
      return `${cType(layout.element)}[${layout.length}]`;
    default:
      return commentText(`${layout.kind} ${layout.name === "" ? "without a name" : layout.name}`);
  }
}

/** scalarRead writes the reading of a value at a byte; undefined for what needs something of its own. */
function scalarRead(layout: Layout, view: string, bytes: string, at: string): string | undefined {
  switch (layout.kind) {
    case "bool":
      return `${view}.getUint8(${at}) !== 0`;
    case "float":
      return `${view}.getFloat${layout.size * 8}(${at}, true)`;
    case "text":
      return `readText(${bytes}, ${at}, ${layout.size})`;
    case "bytes":
      return `${bytes}.subarray(${at}, ${at} + ${layout.size})`;
    case "int":
    case "enum":
    case "pointer": {
      const method = INTEGERS[`${layout.size}${isSigned(layout) ? "s" : "u"}`];
      if (method === undefined) return undefined;
      return layout.size === 1 ? `${view}.${method}(${at})` : `${view}.${method}(${at}, true)`;
    }
    default:
      return undefined;
  }
}

/** accessOf writes the access of an array's elements. */
function accessOf(layout: Layout, names: TypeNames): string {
  if (layout.kind === "array") return `accessArray(${arrayOf(layout, names)})`;
  if (layout.kind === "struct" || layout.kind === "union") {
    return `accessView(new ${viewType(layout, names)}())`;
  }
  const read = scalarRead(layout, "view", "bytes", "at");
  if (read !== undefined) return `(view, ${read.includes("bytes") ? "" : "_"}bytes, at) => ${read}`;
  return `accessBig(${layout.size}, ${isSigned(layout)})`;
}

function arrayOf(layout: Layout & { readonly kind: "array" }, names: TypeNames): string {
  const element = viewType(layout.element, names);
  const { length } = layout;
  return `new ArrayView<${element}>(${length}, ${layout.element.size}, ${accessOf(layout.element, names)})`;
}

interface Part {
  /** A private member that the getter needs. */
  readonly member: string | undefined;
  /** The expression of the getter, and that of the plain value. */
  readonly read: string;
  readonly plain: string;
}

function plainOf(layout: Layout, value: string): string {
  switch (layout.kind) {
    case "bytes":
      return `${value}.slice()`;
    case "struct":
    case "union":
      return `${value}.toObject()`;
    case "array": {
      const element = plainOf(layout.element, "one");
      return element === "one" ? `Array.from(${value})` : `Array.from(${value}, (one) => ${element})`;
    }
    default:
      return value;
  }
}

function partOf(field: Field, index: number, owner: string, names: TypeNames): Part {
  const { layout, offset, bits, name } = field;
  const at = offset === 0 ? "this.$offset" : `this.$offset + ${offset}`;
  const plain = plainOf(layout, `this${propertyAccess(name)}`);
  if (bits !== undefined) {
    const reader = isWide(layout, bits) ? "wideBitReader" : "bitReader";
    const member = `static readonly #f${index} = ${reader}(${bits.shift}, ${bits.size}, ${isSigned(layout)});`;
    const read = `${owner}.#f${index}(this.$view, ${at})${layout.kind === "bool" ? " !== 0" : ""}`;
    return { member, read, plain };
  }
  const scalar = scalarRead(layout, "this.$view", "this.$bytes", at);
  if (scalar !== undefined) return { member: undefined, read: scalar, plain };
  if (layout.kind === "array") {
    const member = `readonly #f${index} = ${arrayOf(layout, names)};`;
    return { member, read: `this.#f${index}.move(this.$view, this.$bytes, ${at})`, plain };
  }
  if (layout.kind === "struct" || layout.kind === "union") {
    const member = `readonly #f${index} = new ${viewType(layout, names)}();`;
    return { member, read: `this.#f${index}.$move(this.$view, this.$bytes, ${at})`, plain };
  }
  const member = `static readonly #f${index} = bigReader(${layout.size}, ${isSigned(layout)});`;
  return { member, read: `${owner}.#f${index}(this.$view, ${at})`, plain };
}

function roughRead({ layout, offset, bits, name }: Field): string | undefined {
  if (!isWide(layout, bits)) return undefined;
  if (bits !== undefined || layout.size !== 8) return `Number(this.#of${propertyAccess(name)})`;
  const low = offset === 0 ? "$offset" : `$offset + ${offset}`;
  const upper = isSigned(layout) ? "getInt32" : "getUint32";
  return `$view.${upper}($offset + ${offset + 4}, true) * 0x1_0000_0000 + $view.getUint32(${low}, true)`;
}

function getter(name: string, type: string, read: string): string[] {
  return [`  get ${propertyKey(name)}(): ${type} {`, `    return ${read};`, "  }"];
}

function roughClass(layout: StructLayout, name: string): string[] {
  const reads = layout.fields.flatMap((field) => {
    const read = roughRead(field);
    if (read === undefined) return [];
    const place = read.startsWith("$") ? ["    const { $view, $offset } = this.#of;"] : [];
    const [head = "", ...rest] = getter(field.name, "number", read);
    return ["", head, ...place, ...rest];
  });
  if (reads.length === 0) return [];
  return [
    "",
    `/** ${name}Numbers are the 64-bit fields of ${name}View as numbers: exact up to 2^53, and fast. */`,
    `export class ${name}Numbers {`,
    `  readonly #of: ${name}View;`,
    "",
    `  constructor(of: ${name}View) {`,
    "    this.#of = of;",
    "  }",
    ...reads,
    "}",
  ];
}

/** plainSource writes the type of a struct's plain values. */
export function plainSource(layout: StructLayout, names: TypeNames): string[] {
  const name = plainType(layout, names);
  return [
    "",
    `/** ${name} is ${cType(layout)} as a plain value. */`,
    `export type ${name} = {`,
    ...layout.fields.map(
      (field) => `  readonly ${propertyKey(field.name)}: ${plainType(field.layout, names, field.bits)};`,
    ),
    "};",
  ];
}

/** viewSource writes the view of a struct, with its getters at fixed offsets. */
export function viewSource(layout: StructLayout, names: TypeNames): string[] {
  const name = plainType(layout, names);
  const owner = `${name}View`;
  const parts = layout.fields.map((field, i) => partOf(field, i, owner, names));
  const rough = roughClass(layout, name);
  return [
    "",
    `/** ${owner} looks at ${cType(layout)}, ${layout.size} bytes, and is moved with at(). */`,
    `export class ${owner} extends FixedView {`,
    ...membersSource(parts),
    ...(rough.length > 0 ? [`  readonly $number = new ${name}Numbers(this);`, ""] : []),
    ...getter("$size", "number", String(layout.size)),
    ...gettersSource(layout, parts, names),
    "",
    `  toObject(): ${name} {`,
    "    return {",
    ...layout.fields.map(
      (field, i) => `      ${propertyKey(field.name)}: ${parts[i]?.plain ?? "undefined"},`,
    ),
    "    };",
    "  }",
    "}",
    ...rough,
  ];
}

function membersSource(parts: readonly Part[]): string[] {
  const members = parts.flatMap(({ member }) => (member === undefined ? [] : [`  ${member}`]));
  return members.length === 0 ? [] : [...members, ""];
}

function gettersSource(layout: StructLayout, parts: readonly Part[], names: TypeNames): string[] {
  return layout.fields.flatMap((field, i) => [
    "",
    `  /** ${cType(field.layout, field.bits)} at byte ${field.offset} */`,
    ...getter(field.name, viewType(field.layout, names, field.bits), parts[i]?.read ?? "undefined"),
  ]);
}

/** holderSource writes the view of one value by itself, as a variable is: it has the getter `value`. */
export function holderSource(layout: Layout, owner: string, names: TypeNames): string[] {
  const field: Field = { name: "value", offset: 0, layout };
  const holder: StructLayout = { kind: "struct", name: "", size: layout.size, fields: [field] };
  const parts = [partOf(field, 0, owner, names)];
  return [
    "",
    `class ${owner} extends FixedView {`,
    ...membersSource(parts),
    ...getter("$size", "number", String(layout.size)),
    ...gettersSource(holder, parts, names),
    "}",
  ];
}
