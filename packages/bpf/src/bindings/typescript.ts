import { isPerCpu } from "../maps/spec.js";
import { MapType } from "../uapi/map-types.js";
import type { Layout, StructLayout } from "../views/layout.js";
import { isWide } from "../views/scalar.js";
import {
  type BindingsModel,
  type BoundVariable,
  type EnumLayout,
  type RecordTypes,
  titleOf,
} from "./model.js";
import { commentText, Names, pascalCase, propertyAccess, propertyKey } from "./names.js";
import {
  cType,
  holderSource,
  plainSource,
  plainType,
  type TypeNames,
  viewSource,
  viewType,
} from "./ts-views.js";

// What the module itself names, and what it must not hide.
const RESERVED = [
  "Maps",
  "Programs",
  "ProgramName",
  "Variables",
  "Constants",
  "Options",
  "Loaded",
  "ArrayView",
  "BpfMap",
  "FixedView",
  "LoadOptions",
  "LoadedObject",
  "Program",
  "PerfBufferReader",
  "RingBufferReader",
  "TypedMap",
  "Array",
  "Number",
  "URL",
  "Uint8Array",
  "DataView",
  "Symbol",
  "Set",
  "Partial",
  "Omit",
  "Readonly",
];

const IMPORTS = [
  "accessArray",
  "accessBig",
  "accessView",
  "ArrayView",
  "bigReader",
  "bitReader",
  "BpfMap",
  "checkBindings",
  "FixedView",
  "LoadedObject",
  "LoadOptions",
  "loadObject",
  "memoryOf",
  "PerfBufferReader",
  "Program",
  "readObject",
  "readText",
  "RingBufferReader",
  "TypedMap",
  "typedMapOf",
  "wideBitReader",
] as const;
const TYPES_ONLY: ReadonlySet<string> = new Set([
  "BpfMap",
  "LoadedObject",
  "LoadOptions",
  "Program",
  "TypedMap",
]);

/** A struct takes its name, and those of its view and of the view's numbers. */
const ENDINGS = ["", "View", "Numbers"];

function isStruct(layout: Layout): layout is StructLayout {
  return layout.kind === "struct" || layout.kind === "union";
}

function enumSource(layout: EnumLayout, taken: Names): string[] {
  if (layout.values.length === 0) return [];
  const name = taken.take(pascalCase(layout.name));
  const keys = new Names();
  return [
    "",
    `/** ${name} holds the values of ${cType(layout)}. */`,
    `export const ${name} = {`,
    ...layout.values.map(({ name: key, value }) => {
      const text = layout.size === 8 ? `${BigInt(value)}n` : String(value);
      return `  ${propertyKey(keys.take(key))}: ${text},`;
    }),
    "} as const;",
  ];
}

function mapsSource({ maps }: BindingsModel, names: TypeNames): string[] {
  const lines = maps.map(({ name, key, value, kind, spec }) => {
    const isTyped = kind === "elements" && value !== undefined && (key !== undefined || spec.keySize === 0);
    const map = JSON.stringify(name);
    if (!isTyped) return { type: "BpfMap", make: `object.map(${map})`, name };
    const plain = plainType(value, names);
    const element = isPerCpu(spec.type)
      ? `readonly ${plain.startsWith("readonly ") ? `(${plain})` : plain}[]`
      : plain;
    const keyType = key === undefined ? "undefined" : plainType(key, names);
    const types = `${keyType}, ${element}`;
    return { type: `TypedMap<${types}>`, make: `typedMapOf<${types}>(object, ${map})`, name };
  });
  return [
    "",
    "/** Maps are the object's maps: typed where it tells the types of key and value. */",
    "export class Maps {",
    ...lines.map(({ name, type }) => `  readonly ${propertyKey(name)}: ${type};`),
    ...(lines.length > 0 ? [""] : []),
    `  constructor(${lines.length > 0 ? "object" : "_object"}: LoadedObject) {`,
    ...lines.map(({ name, make }) => `    this${propertyAccess(name)} = ${make};`),
    "  }",
    "}",
  ];
}

function holdingObject(isUsed: boolean): string[] {
  if (!isUsed) return ["  constructor(_object: LoadedObject) {}"];
  return [
    "  readonly #object: LoadedObject;",
    "",
    "  constructor(object: LoadedObject) {",
    "    this.#object = object;",
    "  }",
  ];
}

function programsSource({ programs }: BindingsModel): string[] {
  return [
    "",
    "/** ProgramName is the name of one of the object's programs. */",
    `export type ProgramName = ${programs.map((name) => JSON.stringify(name)).join(" | ") || "never"};`,
    "",
    "/** Programs are the object's programs; one that was not loaded throws BpfError `not-found`. */",
    "export class Programs {",
    ...holdingObject(programs.length > 0),
    ...programs.flatMap((name) => [
      "",
      `  get ${propertyKey(name)}(): Program {`,
      `    return this.#object.program(${JSON.stringify(name)});`,
      "  }",
    ]),
    "}",
  ];
}

// What loadObject() and LoadedObject.set() take for a variable.
function constantType({ layout }: BoundVariable): string {
  switch (layout.kind) {
    case "bool":
      return "boolean";
    case "int":
    case "pointer":
      return isWide(layout, undefined) ? "number | bigint" : "number";
    case "enum":
      return `number | ${layout.values.map(({ name }) => JSON.stringify(name)).join(" | ") || "never"}`;
    case "text":
      return "string";
    default:
      return "Uint8Array";
  }
}

function canBeSet({ layout, isConstant }: BoundVariable): boolean {
  return !isConstant && ["bool", "int", "enum"].includes(layout.kind);
}

function variablesSource(
  { variables }: BindingsModel,
  views: ReadonlyMap<BoundVariable, string>,
  names: TypeNames,
): string[] {
  const set = variables.map((variable) => ({ ...variable, of: variable }));
  return [
    "",
    "/** Constants are values of variables, set before anything runs. */",
    "export type Constants = {",
    ...variables.map((variable) => `  readonly ${propertyKey(variable.name)}?: ${constantType(variable)};`),
    "};",
    "",
    "/** Variables are the object's global variables, live: programs see what is set, and the other way round. */",
    "export class Variables {",
    ...variables.map((variable, i) => `  readonly #v${i} = new ${views.get(variable)}();`),
    ...holdingObject(variables.length > 0),
    ...set.flatMap(({ name, layout, of }, i) => {
      const key = propertyKey(name);
      const type = viewType(layout, names);
      const text = JSON.stringify(name);
      return [
        "",
        `  /** ${cType(layout)} */`,
        `  get ${key}(): ${type} {`,
        `    return this.#place(${text}, this.#v${i}).value;`,
        "  }",
        ...(canBeSet(of)
          ? ["", `  set ${key}(value: ${type}) {`, `    this.#object.set(${text}, value);`, "  }"]
          : []),
      ];
    }),
    ...(variables.length > 0 ? PLACE : []),
    "}",
  ];
}

const PLACE = [
  "",
  "  #place<V extends FixedView>(name: string, view: V): V {",
  "    if (view.$bytes.length === 0) {",
  "      const { buffer, byteOffset, byteLength } = this.#object.variable(name);",
  "      view.at(memoryOf(new Uint8Array(buffer, byteOffset, byteLength)), 0);",
  "    }",
  "    return view;",
  "  }",
];

const READERS: Readonly<Record<number, string>> = {
  [MapType.BPF_MAP_TYPE_RINGBUF]: "RingBufferReader",
  [MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: "PerfBufferReader",
};

function loadedSource(model: BindingsModel, names: TypeNames): string[] {
  const methods = new Names(["close", "object", "maps", "programs", "variables"]);
  const readers = model.maps.flatMap(({ name, kind, value, spec }) => {
    const reader = READERS[spec.type];
    if (kind !== "records" || reader === undefined || value === undefined || !isStruct(value)) return [];
    const view = viewType(value, names);
    const method = methods.take(`read${pascalCase(name)}`);
    return [
      "",
      `  /** Reads "${commentText(name)}": one view, moved from record to record, while start() or drain() is called. */`,
      `  ${method}(handler: (event: ${view}, length: number) => void): ${reader} {`,
      `    const event = new ${view}();`,
      `    return new ${reader}(this.object.map(${JSON.stringify(name)}), (memory, offset, length) => {`,
      "      handler(event.at(memory, offset, length), length);",
      "    });",
      "  }",
    ];
  });
  return [
    "",
    "/** Loaded owns the object's maps and programs in the kernel. */",
    "export class Loaded {",
    "  readonly object: LoadedObject;",
    "  readonly maps: Maps;",
    "  readonly programs: Programs;",
    "  readonly variables: Variables;",
    "",
    "  constructor(object: LoadedObject) {",
    "    this.object = object;",
    "    this.maps = new Maps(object);",
    "    this.programs = new Programs(object);",
    "    this.variables = new Variables(object);",
    "  }",
    ...readers,
    "",
    "  close(): void {",
    "    this.object.close();",
    "  }",
    "",
    "  [Symbol.dispose](): void {",
    "    this.close();",
    "  }",
    "}",
  ];
}

function loadSource({ digest }: BindingsModel, options: TypescriptOptions): string[] {
  const { source, types = [], records = {} } = options;
  const file = JSON.stringify(source);
  const named = Object.keys(records).length > 0;
  const more = `${types.length > 0 || named ? `, ${JSON.stringify(types)}` : ""}${named ? `, ${JSON.stringify(records)}` : ""}`;
  return [
    "",
    "/** Options say how the object is to be loaded. */",
    'export type Options = Omit<LoadOptions, "constants" | "programs"> & {',
    "  readonly constants?: Constants;",
    "  /** The programs to load; all that the object wants loaded when absent. */",
    "  readonly programs?: readonly ProgramName[];",
    "};",
    "",
    `/** OBJECT is where the object file is looked for: ${commentText(source)} beside this module's source. */`,
    `export const OBJECT = new URL(${JSON.stringify(encodeURI(source))}, import.meta.url);`,
    "",
    "/** load loads the object into the kernel. Throws BpfError `bad-object` when it is not the one this was made of. */",
    "export function load(options: Options = {}, bytes: Uint8Array = readFileSync(OBJECT)): Loaded {",
    "  const spec = readObject(bytes);",
    `  checkBindings(spec, ${JSON.stringify(digest)}, ${file}${more});`,
    "  return new Loaded(loadObject(spec, options as LoadOptions));",
    "}",
  ];
}

function importsSource(body: string): string[] {
  const used = IMPORTS.filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  const names = used.map((name) => {
    const isValue = !TYPES_ONLY.has(name) || new RegExp(`new ${name}\\b`).test(body);
    return `  ${isValue ? "" : "type "}${name},`;
  });
  return ['import { readFileSync } from "node:fs";', "import {", ...names, '} from "@go3s/bpf";'];
}

/** TypescriptOptions are what the model was made with, for load() to check it again. */
export interface TypescriptOptions {
  readonly source: string;
  readonly types?: readonly string[];
  readonly records?: RecordTypes;
}

/** typescriptBindings writes a model as a TypeScript module. */
export function typescriptBindings(model: BindingsModel, options: TypescriptOptions): string {
  const { source } = options;
  const taken = new Names(RESERVED);
  const names = new Map<StructLayout, string>();
  for (const struct of model.structs) {
    names.set(struct, taken.take(pascalCase(titleOf(model, struct)), ENDINGS));
  }
  const views = new Map<BoundVariable, string>();
  for (const variable of model.variables) {
    views.set(variable, taken.take(`${pascalCase(variable.name)}Variable`));
  }
  const lines = [
    ...model.enums.flatMap((layout) => enumSource(layout, taken)),
    ...model.structs.flatMap((layout) => [...plainSource(layout, names), ...viewSource(layout, names)]),
    ...[...views].flatMap(([{ layout }, name]) => holderSource(layout, name, names)),
    ...mapsSource(model, names),
    ...programsSource(model),
    ...variablesSource(model, views, names),
    ...loadedSource(model, names),
    ...loadSource(model, options),
  ];
  const body = lines.join("\n");
  const head = `// Made by go3s of ${commentText(source)}: make it anew when that changes, do not edit.`;
  return `${[head, ...importsSource(body), ...lines].join("\n")}\n`;
}
