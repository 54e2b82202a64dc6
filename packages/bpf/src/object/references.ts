import { PseudoSource } from "../asm/opcode.js";
import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { poisonInstruction } from "../core/patch.js";
import { BpfError } from "../errors.js";
import type { ProgramSpec, Reference } from "./spec.js";

function setSource(view: DataView, offset: number, source: number): void {
  view.setUint8(offset + 1, (view.getUint8(offset + 1) & 0x0f) | (source << 4));
}

function missing(program: ProgramSpec, reference: Reference & { readonly name: string }): never {
  const isConfig = /^(CONFIG_|LINUX_)/.test(reference.name);
  throw new BpfError(
    "relocation-failed",
    `program "${program.name}" needs "${reference.name}", which this kernel's BTF does not have`,
    {
      hint: isConfig ? "values of the kernel's configuration are not read" : "declare it weak to go without",
    },
  );
}

/**
 * bindReferences writes descriptors and ids of the kernel into a program's code. `mapFd` gives the
 * descriptor of a map by name, `kernel` the kernel's types when they are needed.
 */
export function bindReferences(
  program: ProgramSpec,
  code: Uint8Array,
  mapFd: (name: string) => number,
  kernel: () => Btf,
): void {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (const reference of program.references) {
    const { offset } = reference;
    switch (reference.kind) {
      case "map":
        setSource(view, offset, PseudoSource.MAP_FD);
        view.setInt32(offset + 4, mapFd(reference.map), true);
        view.setInt32(offset + 12, 0, true);
        break;
      case "data":
        setSource(view, offset, PseudoSource.MAP_VALUE);
        view.setInt32(offset + 4, mapFd(reference.map), true);
        view.setInt32(offset + 12, reference.at, true);
        break;
      case "variable": {
        const id = kernel().findOne(reference.name, BtfKind.VAR);
        if (id === undefined && !reference.weak) missing(program, reference);
        setSource(view, offset, id === undefined ? 0 : PseudoSource.BTF_ID);
        view.setInt32(offset + 4, id ?? 0, true);
        view.setInt32(offset + 12, 0, true);
        break;
      }
      case "kfunc": {
        const id = kernel().findOne(reference.name, BtfKind.FUNC);
        if (id === undefined && !reference.weak) missing(program, reference);
        if (id === undefined) {
          poisonInstruction(code, offset);
          break;
        }
        setSource(view, offset, PseudoSource.KFUNC_CALL);
        view.setInt16(offset + 2, 0, true);
        view.setInt32(offset + 4, id, true);
        break;
      }
    }
  }
}
