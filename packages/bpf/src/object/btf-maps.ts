import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";
import type { MapSpec } from "../maps/spec.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";

const MAP_TYPES: ReadonlyMap<number, MapTypeId> = new Map(Object.values(MapType).map((id) => [id, id]));

/** BtfMap is a map defined in `.maps`, with where its initial values stand. */
export interface BtfMapDefinition {
  readonly spec: MapSpec;
  /** Byte offset of the variable in the section, and its size. */
  readonly offset: number;
  readonly size: number;
  /** Byte offset of the member `values` in the variable, undefined without one. */
  readonly valuesAt: number | undefined;
  /** It is to be pinned by its name. */
  readonly isPinned: boolean;
}

/** LIBBPF_PIN_BY_NAME of libbpf's bpf_helpers.h; 0 is no pin. */
const PIN_BY_NAME = 1;

interface Definition {
  readonly spec: MapSpec;
  readonly valuesAt: number | undefined;
  readonly isPinned: boolean;
}

function refuse(map: string, why: string): never {
  throw new BpfError("bad-object", `map "${map}": ${why}`);
}

/** mapTypeOf gives a number of a foreign file as a map type. Throws BpfError `bad-object`. */
export function mapTypeOf(map: string, value: number): MapTypeId {
  return MAP_TYPES.get(value) ?? refuse(map, `there is no map type ${value}`);
}

// `__uint(name, value)` is a pointer to an array of that many elements, `__ulong` an enum of one value.
function numberOf(btf: Btf, map: string, member: BtfMember): number {
  const pointer = btf.type(btf.resolve(member.type));
  if ("values" in pointer && pointer.values[0] !== undefined) return Number(pointer.values[0].value);
  const array =
    pointer.kind === "ptr" && pointer.type !== 0 ? btf.type(btf.resolve(pointer.type)) : undefined;
  if (array?.kind !== "array") return refuse(map, `member "${member.name}" is not a number`);
  return array.length;
}

// `__type(name, type)` is a pointer to the type.
function pointedTo(btf: Btf, map: string, member: BtfMember): number {
  const pointer = btf.type(btf.resolve(member.type));
  if (pointer.kind !== "ptr") return refuse(map, `member "${member.name}" is not a type`);
  return pointer.type;
}

function innerMap(btf: Btf, map: string, member: BtfMember, isInner: boolean): MapSpec | undefined {
  const array = btf.type(btf.resolve(member.type));
  if (array.kind !== "array") return refuse(map, "its values are not an array");
  const pointer = btf.type(btf.resolve(array.type));
  if (pointer.kind !== "ptr") return refuse(map, "its values are not pointers");
  const target = btf.resolve(pointer.type);
  // A program array points to function prototypes instead.
  if (btf.kind(target) !== BtfKind.STRUCT) return undefined;
  if (isInner) return refuse(map, "maps of maps of maps do not exist");
  return specOf(btf, `${map}.inner`, target, true).spec;
}

function specOf(btf: Btf, name: string, id: number, isInner: boolean): Definition {
  const struct = btf.type(btf.resolve(id));
  if (struct.kind !== "struct") return refuse(name, "its definition is not a struct");
  let type: MapTypeId = MapType.BPF_MAP_TYPE_UNSPEC;
  const sizes = { keySize: 0, valueSize: 0, maxEntries: 0, flags: 0, extra: 0, keyType: 0, valueType: 0 };
  let inner: MapSpec | undefined;
  let valuesAt: number | undefined;
  let isPinned = false;
  let numaNode: number | undefined;
  for (const member of struct.members) {
    switch (member.name) {
      case "type":
        type = mapTypeOf(name, numberOf(btf, name, member));
        break;
      case "max_entries":
        sizes.maxEntries = numberOf(btf, name, member);
        break;
      case "map_flags":
        sizes.flags = numberOf(btf, name, member);
        break;
      case "map_extra":
        sizes.extra = numberOf(btf, name, member);
        break;
      case "key_size":
        sizes.keySize = numberOf(btf, name, member);
        break;
      case "value_size":
        sizes.valueSize = numberOf(btf, name, member);
        break;
      case "key":
        sizes.keyType = pointedTo(btf, name, member);
        sizes.keySize = btf.sizeOf(sizes.keyType);
        break;
      case "value":
        sizes.valueType = pointedTo(btf, name, member);
        sizes.valueSize = btf.sizeOf(sizes.valueType);
        break;
      case "values":
        valuesAt = member.bitOffset / 8;
        inner = innerMap(btf, name, member, isInner);
        // Descriptors take four bytes.
        if (sizes.valueSize === 0) sizes.valueSize = 4;
        if (sizes.keySize === 0) sizes.keySize = 4;
        break;
      case "pinning": {
        // Other numbers are an agreement between an object and its own loader, as Cilium's.
        const pinning = numberOf(btf, name, member);
        if (pinning === PIN_BY_NAME && isInner) refuse(name, "a map in a map cannot be pinned");
        isPinned = pinning === PIN_BY_NAME;
        break;
      }
      case "numa_node":
        numaNode = numberOf(btf, name, member);
        break;
      default:
        refuse(name, `unknown member "${member.name}"`);
    }
  }
  const node = numaNode === undefined ? {} : { numaNode };
  const spec = { name, type, ...sizes, ...node, ...(inner !== undefined && { inner }) };
  return { spec, valuesAt, isPinned };
}

/** readBtfMaps reads the maps of a `.maps` section from its BTF, given each variable's place by its symbol. */
export function readBtfMaps(
  btf: Btf,
  places: ReadonlyMap<string, { readonly offset: number; readonly size: number }>,
): BtfMapDefinition[] {
  const id = btf.findOne(".maps", BtfKind.DATASEC);
  if (id === undefined) {
    throw new BpfError("bad-object", "section .maps has no BTF that describes it", {
      hint: "compile with -g",
    });
  }
  const section = btf.type(id);
  if (section.kind !== "datasec") return [];
  return section.variables.map((variable) => {
    const declared = btf.type(variable.type);
    if (declared.kind !== "var") throw new BpfError("bad-object", "section .maps holds what is no variable");
    const place = places.get(declared.name);
    if (place === undefined) return refuse(declared.name, "it has no symbol");
    return { ...specOf(btf, declared.name, declared.type, false), ...place };
  });
}
