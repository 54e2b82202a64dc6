import { BTF_TYPE_BYTES, BtfKind, BtfLinkage } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";

/** SectionFacts is what an object's section and symbol tables know that its BTF leaves open. */
export interface SectionFacts {
  /** Size in bytes of a section by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Byte offset in its section of a variable by name. */
  readonly variables: ReadonlyMap<string, number>;
  /** Global functions of hidden visibility: they are verified as static ones are. */
  readonly hidden: ReadonlySet<string>;
}

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

function firstInt(btf: Btf): number {
  for (let id = btf.firstId; id < btf.endId; id++) if (btf.kind(id) === BtfKind.INT) return id;
  return 0;
}

/**
 * mendBtf gives a copy of an object's BTF that the kernel takes. Compilers leave sizes of data sections and
 * offsets of variables to the linker, and the kernel knows neither extern variables nor extern functions;
 * all is mended in place, so that no id changes.
 */
export function mendBtf(btf: Btf, facts: SectionFacts): Uint8Array {
  const bytes = new Uint8Array(btf.bytes);
  const view = new DataView(bytes.buffer);
  const int = firstInt(btf);

  const mendSection = (id: number): void => {
    const section = btf.type(id);
    if (section.kind !== "datasec") return;
    const at = btf.offsetOf(id);
    const tail = at + BTF_TYPE_BYTES;
    if (section.name === ".ksyms" || section.name === ".kconfig") {
      // As a struct with a member per variable: the records of both are twelve bytes.
      view.setUint32(at, 0, true);
      view.setUint32(at + 4, ((BtfKind.STRUCT << 24) | section.variables.length) >>> 0, true);
      view.setUint32(at + 8, section.variables.length * 8, true);
      for (const [index, variable] of section.variables.entries()) {
        view.setUint32(tail + index * 12, view.getUint32(btf.offsetOf(variable.type), true), true);
        view.setUint32(tail + index * 12 + 4, int, true);
        view.setUint32(tail + index * 12 + 8, index * 64, true);
      }
      return;
    }
    // Names of sections may not begin with "?" before 6.12; what it asks for is our business anyway.
    if (section.name.startsWith("?")) bytes[btf.textAt(view.getUint32(at, true))] = "_".charCodeAt(0);
    const size = facts.sizes.get(section.name);
    if (size !== undefined) view.setUint32(at + 8, size, true);
    const entries: Entry[] = section.variables.map((variable) => ({
      ...variable,
      offset: facts.variables.get(btf.name(variable.type)) ?? variable.offset,
    }));
    entries.sort((a, b) => a.offset - b.offset);
    for (const [index, { type, offset, size: bytesOf }] of entries.entries()) {
      view.setUint32(tail + index * 12, type, true);
      view.setUint32(tail + index * 12 + 4, offset, true);
      view.setUint32(tail + index * 12 + 8, bytesOf, true);
    }
  };

  const mendFunction = (id: number): void => {
    const declared = btf.type(id);
    if (declared.kind !== "func") return;
    const at = btf.offsetOf(id);
    if (declared.linkage === BtfLinkage.GLOBAL && facts.hidden.has(declared.name)) {
      view.setUint32(at + 4, ((BtfKind.FUNC << 24) | BtfLinkage.STATIC) >>> 0, true);
    }
    if (declared.linkage !== BtfLinkage.EXTERN) return;
    view.setUint32(at + 4, ((BtfKind.FUNC << 24) | BtfLinkage.GLOBAL) >>> 0, true);
    const prototype = btf.type(declared.type);
    if (prototype.kind !== "func_proto") return;
    const tail = btf.offsetOf(declared.type) + BTF_TYPE_BYTES;
    for (const [index, parameter] of prototype.parameters.entries()) {
      // Extern prototypes have nameless parameters, which a function may not have: any name will do.
      if (parameter.name !== "" || parameter.type === 0) continue;
      view.setUint32(tail + index * 8, view.getUint32(at, true), true);
    }
  };

  const mendVariable = (id: number): void => {
    const at = btf.offsetOf(id);
    if (view.getUint32(at + BTF_TYPE_BYTES, true) !== BtfLinkage.EXTERN) return;
    view.setUint32(at + BTF_TYPE_BYTES, BtfLinkage.GLOBAL, true);
    if (btf.kind(btf.resolve(view.getUint32(at + 8, true))) === BtfKind.VOID)
      view.setUint32(at + 8, int, true);
  };

  for (let id = btf.firstId; id < btf.endId; id++) {
    const kind = btf.kind(id);
    if (kind === BtfKind.DATASEC) mendSection(id);
    else if (kind === BtfKind.FUNC) mendFunction(id);
    else if (kind === BtfKind.VAR) mendVariable(id);
  }
  return bytes;
}
