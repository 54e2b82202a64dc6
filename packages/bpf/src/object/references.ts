import { PseudoSource } from "../asm/opcode.js";
import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { essentialName } from "../core/access.js";
import { typesCompatible } from "../core/compatible.js";
import { type Poisons, poisonInstruction } from "../core/patch.js";
import { BpfError } from "../errors.js";
import { type FoundType, findType, type KernelTypes } from "./kernel-types.js";
import type { KernelReference, ProgramSpec } from "./spec.js";

/** Binding is what the references of a program are bound to. */
export interface Binding {
  /** The descriptor of a map by name. */
  readonly mapFd: (name: string) => number;
  readonly kernel: () => KernelTypes;
  /** The object's own types. */
  readonly local: Btf | undefined;
  /** Values of names that the object leaves to who loads it. */
  readonly symbols: Readonly<Record<string, number | bigint>>;
  readonly poisons: Poisons;
}

function setSource(view: DataView, offset: number, source: number): void {
  view.setUint8(offset + 1, (view.getUint8(offset + 1) & 0x0f) | (source << 4));
}

function setWide(view: DataView, offset: number, value: bigint): void {
  view.setInt32(offset + 4, Number(BigInt.asIntN(32, value)), true);
  view.setInt32(offset + 12, Number(BigInt.asIntN(32, value >> 32n)), true);
}

function fail(program: ProgramSpec, why: string, hint: string): never {
  throw new BpfError("relocation-failed", `program "${program.name}" ${why}`, { hint });
}

/** Descriptors that calls into modules name by their index; 0 stands for the kernel itself. */
export class ModuleList {
  readonly #fds: number[] = [0];

  /** indexOf gives the index of a module's descriptor, adding it when it is new. */
  indexOf(fd: number): number {
    const known = this.#fds.indexOf(fd);
    return known > 0 ? known : this.#fds.push(fd) - 1;
  }

  /** bytes is the list as the kernel takes it, undefined when no module is called. */
  get bytes(): Uint8Array | undefined {
    return this.#fds.length === 1 ? undefined : new Uint8Array(Int32Array.from(this.#fds).buffer);
  }
}

// What is there under the name, as long as it is the same kind of thing.
function findFitting(
  program: ProgramSpec,
  reference: KernelReference,
  kind: number,
  binding: Binding,
): FoundType | undefined {
  const name = essentialName(reference.name);
  const found = findType(binding.kernel(), name, kind);
  if (found === undefined) return undefined;
  const theirs = found.btf.type(found.id);
  if (!("type" in theirs) || binding.local === undefined || reference.type === 0) return found;
  if (typesCompatible(binding.local, reference.type, found.btf, theirs.type)) return found;
  if (reference.weak) return undefined;
  return fail(
    program,
    `declares "${reference.name}" with another type than this kernel's BTF has`,
    "take the declaration from vmlinux.h: bpftool btf dump file /sys/kernel/btf/vmlinux format c",
  );
}

function bindSymbol(
  program: ProgramSpec,
  view: DataView,
  reference: KernelReference,
  binding: Binding,
): void {
  const { offset, name, weak, type } = reference;
  if (type !== 0 && binding.local !== undefined) {
    const isFunction = binding.local.kind(type) === BtfKind.FUNC_PROTO;
    const found = findFitting(program, reference, isFunction ? BtfKind.FUNC : BtfKind.VAR, binding);
    if (found === undefined && !weak) {
      const what = isFunction ? "function" : "variable";
      fail(
        program,
        `needs the ${what} "${name}", which this kernel's BTF does not have`,
        "declare it __weak to go without",
      );
    }
    setSource(view, offset, found === undefined ? 0 : PseudoSource.BTF_ID);
    view.setInt32(offset + 4, found?.id ?? 0, true);
    view.setInt32(offset + 12, found?.module?.fd ?? 0, true);
    return;
  }
  const addresses = binding.kernel().addresses(name);
  const [address] = addresses;
  if (addresses.length > 1) {
    fail(
      program,
      `wants the address of "${name}", of which the kernel has ${addresses.length}`,
      "choose a name that is unique in /proc/kallsyms",
    );
  }
  if (address === undefined && !weak) {
    fail(
      program,
      `needs the address of "${name}", which /proc/kallsyms does not tell`,
      "declare it __weak to go without; addresses are hidden from users without CAP_SYSLOG (kernel.kptr_restrict)",
    );
  }
  setSource(view, offset, 0);
  setWide(view, offset, address ?? 0n);
}

function bindCall(
  program: ProgramSpec,
  code: Uint8Array,
  reference: KernelReference,
  binding: Binding,
  modules: ModuleList,
): void {
  const { offset, name, weak } = reference;
  const found = findFitting(program, reference, BtfKind.FUNC, binding);
  if (found === undefined) {
    if (!weak) {
      fail(
        program,
        `calls the kernel function "${name}", which this kernel's BTF does not have`,
        "declare it __weak and ask bpf_ksym_exists() first",
      );
    }
    poisonInstruction(
      code,
      offset,
      binding.poisons,
      `it calls the kernel function "${name}", which is not there`,
    );
    return;
  }
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  setSource(view, offset, PseudoSource.KFUNC_CALL);
  view.setInt16(offset + 2, found.module === undefined ? 0 : modules.indexOf(found.module.fd), true);
  view.setInt32(offset + 4, found.id, true);
}

/**
 * bindReferences writes descriptors, ids and addresses of the kernel into a program's code. Gives the list of
 * modules that calls refer to. Throws BpfError `relocation-failed`.
 */
export function bindReferences(program: ProgramSpec, code: Uint8Array, binding: Binding): ModuleList {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const modules = new ModuleList();
  for (const reference of program.references) {
    const { offset } = reference;
    switch (reference.kind) {
      case "map":
        setSource(view, offset, PseudoSource.MAP_FD);
        view.setInt32(offset + 4, binding.mapFd(reference.map), true);
        view.setInt32(offset + 12, 0, true);
        break;
      case "data":
        setSource(view, offset, PseudoSource.MAP_VALUE);
        view.setInt32(offset + 4, binding.mapFd(reference.map), true);
        view.setInt32(offset + 12, reference.at, true);
        break;
      case "symbol":
        bindSymbol(program, view, reference, binding);
        break;
      case "kfunc":
        bindCall(program, code, reference, binding, modules);
        break;
      case "constant": {
        const value = binding.symbols[reference.name];
        if (value === undefined) {
          fail(
            program,
            `needs a value for "${reference.name}", which the object declares nowhere`,
            `give it in options.symbols: { ${reference.name}: ... }, or link the object that defines it`,
          );
        }
        setSource(view, offset, 0);
        setWide(view, offset, BigInt(value));
        break;
      }
      case "numbered-map":
        fail(
          program,
          `uses map number ${reference.number}, which the object does not define`,
          "only the tool that wrote it can load it (bpftrace 0.17 --emit-elf): use an object with a .maps section",
        );
        break;
      case "undefined-function":
        fail(
          program,
          `calls "${reference.name}", which the object declares and does not define`,
          "link it with the object that does: bpftool gen object OUT.o A.o B.o",
        );
    }
  }
  return modules;
}
