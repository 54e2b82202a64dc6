import { sectionIndex, symbolBinding, symbolType } from "@go3s/binary";
import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { u32Bytes } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import type { ObjectFile } from "./file.js";
import type { VariableSpec } from "./spec.js";

/** KCONFIG is the section of values of the kernel's configuration, and the map they become. */
export const KCONFIG = ".kconfig";

/** A section of externs has some dozens; a bound keeps hostile sizes out of the map. */
const MAX_CONFIG_BYTES = 1 << 20;

/** Externs is what an object wants from outside, by name. */
export interface Externs {
  /** Values of the kernel's configuration, laid out one behind the other. */
  readonly config: ReadonlyMap<string, VariableSpec>;
  /** BTF types of what it wants of the kernel: prototypes of functions, types of variables, 0 for void. */
  readonly symbols: ReadonlyMap<string, number>;
}

function weakNames(file: ObjectFile): ReadonlySet<string> {
  const weak = file.symbols.filter(
    (symbol) =>
      symbol.section === sectionIndex.UNDEF &&
      symbol.binding === symbolBinding.WEAK &&
      symbol.type !== symbolType.SECTION,
  );
  return new Set(weak.map(({ name }) => name));
}

function variablesOf(btf: Btf, section: string): readonly number[] {
  const id = btf.findOne(section, BtfKind.DATASEC);
  const declared = id === undefined ? undefined : btf.type(id);
  return declared?.kind === "datasec" ? declared.variables.map(({ type }) => type) : [];
}

function alignmentOf(btf: Btf, id: number, size: number): number {
  const type = btf.type(btf.resolve(id));
  const element = type.kind === "array" ? btf.sizeOf(type.type) : size;
  return [8, 4, 2].find((bytes) => element % bytes === 0) ?? 1;
}

/** readExterns reads what `.kconfig` and `.ksyms` declare. Throws BpfError `bad-object`, `bad-btf`. */
export function readExterns(file: ObjectFile, btf: Btf | undefined): Externs {
  const config = new Map<string, VariableSpec>();
  const symbols = new Map<string, number>();
  if (btf === undefined) return { config, symbols };
  const weak = weakNames(file);
  let end = 0;
  for (const id of variablesOf(btf, KCONFIG)) {
    const variable = btf.type(id);
    if (variable.kind !== "var")
      throw new BpfError("bad-object", "section .kconfig holds what is no variable");
    const { name, type } = variable;
    const size = btf.sizeOf(type);
    const alignment = alignmentOf(btf, type, size);
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + size;
    if (end > MAX_CONFIG_BYTES) {
      throw new BpfError("bad-object", `section .kconfig has more than ${MAX_CONFIG_BYTES} bytes`);
    }
    config.set(name, { name, map: KCONFIG, offset, size, type, config: weak.has(name) ? "weak" : "strong" });
  }
  for (const id of variablesOf(btf, ".ksyms")) {
    const declared = btf.type(id);
    if (declared.kind !== "var" && declared.kind !== "func") continue;
    symbols.set(declared.name, btf.resolve(declared.type));
  }
  return { config, symbols };
}

/** configMap gives the map of an object's configuration values, undefined when it wants none. */
export function configMap(externs: Externs): MapSpec | undefined {
  let size = 0;
  for (const { offset, size: bytes } of externs.config.values()) size = Math.max(size, offset + bytes);
  if (size === 0) return undefined;
  return {
    name: KCONFIG,
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: MapFlag.BPF_F_MMAPABLE | MapFlag.BPF_F_RDONLY_PROG,
    contents: [{ key: u32Bytes(0), value: new Uint8Array(size) }],
    freeze: true,
  };
}
