import type { ElfSection } from "@go3s/binary";
import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { isCode, isStructOps, type ObjectFile } from "./file.js";
import { pointeeOf } from "./pointee.js";
import type { StructOpsSpec } from "./spec.js";

/** Tables of an object; one is usual. */
const MAX_TABLES = 256;

function readSection(file: ObjectFile, section: ElfSection, btf: Btf): StructOpsSpec[] {
  const id = btf.findOne(section.name, BtfKind.DATASEC);
  const declared = id === undefined ? undefined : btf.type(id);
  if (declared?.kind !== "datasec") {
    throw new BpfError("bad-object", `section ${section.name} has no BTF that describes it`, {
      hint: "compile with -g",
    });
  }
  const data = file.data(section);
  if (declared.variables.length > MAX_TABLES) {
    throw new BpfError("bad-object", `section ${section.name} has more than ${MAX_TABLES} tables`);
  }
  return declared.variables.map((entry) => {
    const variable = btf.type(entry.type);
    if (variable.kind !== "var")
      throw new BpfError("bad-object", `section ${section.name} holds no variables`);
    const { name } = variable;
    const type = btf.resolve(variable.type);
    const struct = type === 0 ? undefined : btf.type(type);
    const symbol = file.symbolsIn(section.index).find((one) => one.name === name);
    const start = symbol?.value ?? entry.offset;
    if (struct?.kind !== "struct" || start + struct.size > data.length) {
      throw new BpfError("bad-object", `"${name}" of section ${section.name} is no struct of functions`);
    }
    const functions = new Map<number, string>();
    for (const relocation of file.relocations.get(section.index) ?? []) {
      const at = relocation.offset - start;
      if (at < 0 || at >= struct.size) continue;
      const found = pointeeOf(file, section, relocation);
      if (found?.name === undefined || !isCode(found.section)) {
        throw new BpfError("bad-object", `"${name}" points to what is no function`, {
          offset: relocation.offset,
        });
      }
      functions.set(at, found.name);
    }
    return {
      name,
      struct: struct.name,
      type,
      contents: new Uint8Array(data.subarray(start, start + struct.size)),
      functions,
      isLink: section.name.endsWith(".link"),
      autoload: !section.name.startsWith("?"),
    };
  });
}

/** readStructOps reads the tables of functions an object offers to the kernel. Throws BpfError `bad-object`. */
export function readStructOps(file: ObjectFile, btf: Btf | undefined): Map<string, StructOpsSpec> {
  const found = new Map<string, StructOpsSpec>();
  for (const section of file.sections) {
    if (!isStructOps(section)) continue;
    if (btf === undefined) {
      throw new BpfError("bad-object", `section ${section.name} without BTF`, { hint: "compile with -g" });
    }
    for (const one of readSection(file, section, btf)) found.set(one.name, one);
  }
  return found;
}
