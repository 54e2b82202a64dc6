import { createHash } from "node:crypto";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import type { MapSpec } from "../maps/spec.js";
import { mapTypeRow } from "../maps/type-rows.js";
import type { ObjectSpec, VariableSpec } from "../object/spec.js";
import { MapType } from "../uapi/map-types.js";
import { type Layout, layoutsOf, type StructLayout, typeByName } from "../views/layout.js";

/** EnumLayout is an enum that has a name or values to tell. */
export type EnumLayout = Layout & { readonly kind: "enum" };

/** BoundMap is a map in bindings. */
export interface BoundMap {
  readonly name: string;
  readonly spec: MapSpec;
  /** Undefined where the object does not tell. */
  readonly key: Layout | undefined;
  readonly value: Layout | undefined;
  /** "elements" have keys and values, "records" are a ring buffer's; "other" is neither. */
  readonly kind: "elements" | "records" | "other";
}

/** BoundVariable is a global variable in bindings. */
export interface BoundVariable {
  readonly name: string;
  readonly layout: Layout;
  readonly isConstant: boolean;
}

/** BindingsModel is what bindings of any language say, in the order in which they say it. */
export interface BindingsModel {
  /** Each after those it contains. */
  readonly structs: readonly StructLayout[];
  readonly enums: readonly EnumLayout[];
  readonly maps: readonly BoundMap[];
  readonly variables: readonly BoundVariable[];
  readonly programs: readonly string[];
  /** Changes when anything that bindings rely on changes. */
  readonly digest: string;
}

const RECORDS: readonly number[] = [
  MapType.BPF_MAP_TYPE_RINGBUF,
  MapType.BPF_MAP_TYPE_USER_RINGBUF,
  MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
];

/** RecordTypes name the type of what a ring or perf buffer carries, by the map's name. */
export type RecordTypes = Readonly<Record<string, string>>;

/** What the source of bindings may grow to; a vmlinux.h's worth of structs in a map's value is a mistake. */
const MAX_STRUCTS = 4096;

function kindOf(spec: MapSpec): BoundMap["kind"] {
  if (RECORDS.includes(spec.type)) return "records";
  const row = mapTypeRow(spec.type);
  const isPlain = row?.nested === undefined && row?.operations.includes("lookup");
  return isPlain ? "elements" : "other";
}

/** titleOf gives a struct's name; one without is called after the member that holds it. */
export function titleOf({ structs }: Pick<BindingsModel, "structs">, struct: StructLayout): string {
  if (struct.name !== "") return struct.name;
  for (const holder of structs) {
    for (const { name, layout } of holder.fields) {
      if (layout === struct || (layout.kind === "array" && layout.element === struct)) {
        return `${holder.name}_${name}`;
      }
    }
  }
  return "";
}

class Collector {
  readonly structs: StructLayout[] = [];
  readonly enums: EnumLayout[] = [];
  readonly #seen = new Set<Layout>();

  add(layout: Layout | undefined): void {
    if (layout === undefined || this.#seen.has(layout)) return;
    this.#seen.add(layout);
    if (layout.kind === "array") this.add(layout.element);
    if (layout.kind === "enum") this.enums.push(layout);
    if (layout.kind !== "struct" && layout.kind !== "union") return;
    for (const field of layout.fields) this.add(field.layout);
    this.structs.push(layout);
    if (this.structs.length > MAX_STRUCTS) {
      throw new BpfError("bad-object", `bindings would hold more than ${MAX_STRUCTS} structs`);
    }
  }
}

// Compilers drop types that nothing uses, so that programs keep an event's by an unused `struct event *`.
function pointee(btf: Btf, variable: VariableSpec): number | undefined {
  const type = btf.type(btf.resolve(variable.type));
  if (type.kind !== "ptr" || type.type === 0) return undefined;
  const to = btf.resolve(type.type);
  if (to === 0) return undefined;
  const target = btf.type(to);
  return target.kind === "struct" || target.kind === "union" ? type.type : undefined;
}

/** shapeOf writes a layout as text: equal texts read memory in the same way under the same names. */
function shapeOf(layout: Layout, names: ReadonlyMap<Layout, number>): unknown {
  const known = names.get(layout);
  if (known !== undefined) return known;
  if (layout.kind === "array") return ["array", layout.length, shapeOf(layout.element, names)];
  return layout;
}

function digestOf(model: Omit<BindingsModel, "digest">): string {
  const names = new Map<Layout, number>(model.structs.map((layout, i) => [layout, i]));
  const shape = (layout: Layout | undefined): unknown => layout && shapeOf(layout, names);
  const facts = {
    structs: model.structs.map(({ kind, name, size, fields }) => [
      kind,
      name,
      size,
      fields.map((field) => [field.name, field.offset, field.bits, shape(field.layout)]),
    ]),
    maps: model.maps.map(({ name, spec, key, value }) => [name, spec.type, shape(key), shape(value)]),
    variables: model.variables.map(({ name, layout }) => [name, shape(layout)]),
    programs: model.programs,
  };
  const text = JSON.stringify(facts, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * modelOf collects what bindings of an object say: maps but its data sections, variables, programs, and the
 * structs and enums of all of these, of `types` by name, and of what variables point to. `records` names the
 * types of what ring and perf buffers carry. Throws BpfError `not-found` for a map or type there is not.
 */
export function modelOf(
  spec: ObjectSpec,
  types: readonly string[] = [],
  records: RecordTypes = {},
): BindingsModel {
  const btf = spec.btf === undefined ? undefined : new Btf(spec.btf);
  const layoutAt = btf === undefined ? undefined : layoutsOf(btf);
  const collected = new Collector();
  const layoutFor = (id: number | undefined): Layout | undefined => {
    if (id === undefined || id === 0 || layoutAt === undefined) return undefined;
    const layout = layoutAt(id);
    collected.add(layout);
    return layout;
  };
  const namedRecords = new Map(Object.entries(records));
  for (const name of namedRecords.keys()) {
    const map = spec.maps.get(name);
    if (map !== undefined && kindOf(map) === "records") continue;
    throw new BpfError("not-found", `the object has no ring or perf buffer "${name}"`);
  }
  const maps = [...spec.maps.values()]
    // Data sections are told as variables.
    .filter(({ name }) => !name.startsWith("."))
    .map((map): BoundMap => {
      const kind = kindOf(map);
      const key = kind === "elements" ? layoutFor(map.keyType) : undefined;
      const named = namedRecords.get(map.name);
      const valueType = named === undefined || btf === undefined ? map.valueType : typeByName(btf, named);
      const value = kind === "other" ? undefined : layoutFor(valueType);
      return { name: map.name, spec: map, key, value, kind };
    });
  const variables: BoundVariable[] = [];
  for (const variable of spec.variables.values()) {
    const isConstant = variable.map.startsWith(".rodata") || variable.map === ".kconfig";
    const layout = layoutFor(variable.type) ?? { kind: "bytes", size: variable.size };
    const target = btf === undefined || variable.type === 0 ? undefined : pointee(btf, variable);
    layoutFor(target);
    variables.push({ name: variable.name, layout, isConstant });
  }
  for (const name of types) {
    if (btf === undefined)
      throw new BpfError("not-found", `there is no type "${name}": the object has no BTF`);
    layoutFor(typeByName(btf, name));
  }
  const { structs, enums } = collected;
  const programs = [...spec.programs.keys()];
  const model = { structs, enums, maps, variables, programs };
  return { ...model, digest: digestOf(model) };
}
