import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { BpfError } from "../errors.js";
import { MappedMemory } from "../kernel/mmap.js";
import { Btf } from "./reader.js";

const FOLDER = "/sys/kernel/btf";

let cached: WeakRef<Btf> | undefined;

// Mapping the 5.5 MB takes 1 ms where the kernel allows it (6.16), reading them 5 to 10 ms.
function readTypes(path: string): Uint8Array {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    return new Uint8Array(MappedMemory.mapPrivate(fd, size, path).buffer);
  } catch {
    return readFileSync(path);
  } finally {
    closeSync(fd);
  }
}

/**
 * kernelBtf gives the running kernel's types; they are kept as long as someone holds them. Throws BpfError
 * `not-supported` where the kernel has none.
 */
export function kernelBtf(): Btf {
  const known = cached?.deref();
  if (known !== undefined) return known;
  let bytes: Uint8Array;
  try {
    bytes = readTypes(`${FOLDER}/vmlinux`);
  } catch (cause) {
    throw new BpfError("not-supported", `this kernel does not tell its types: ${FOLDER}/vmlinux is missing`, {
      hint: "a kernel from 5.4 on built with CONFIG_DEBUG_INFO_BTF=y has them",
      cause,
    });
  }
  const btf = new Btf(bytes, undefined, true);
  cached = new WeakRef(btf);
  return btf;
}

/** moduleBtf gives the types of a loaded module, which continue the kernel's (5.11). Throws `not-found`. */
export function moduleBtf(name: string): Btf {
  if (!/^\w+$/.test(name)) throw new BpfError("bad-argument", `"${name}" is not a module's name`);
  try {
    return new Btf(readFileSync(`${FOLDER}/${name}`), kernelBtf());
  } catch (cause) {
    if (cause instanceof BpfError) throw cause;
    throw new BpfError("not-found", `no types of module ${name}`, {
      hint: `ls ${FOLDER} lists those there are`,
      cause,
    });
  }
}
