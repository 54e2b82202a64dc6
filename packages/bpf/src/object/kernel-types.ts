import { readdirSync, readFileSync } from "node:fs";
import { kernelBtf, moduleBtf } from "../btf/kernel.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { btfInfo } from "../inventory/btf-info.js";
import { objectIds, openById } from "../inventory/ids.js";
import type { Descriptor } from "../kernel/fd.js";

/** ModuleTypes are the types of a kernel module, with the descriptor by which programs refer to them. */
export interface ModuleTypes {
  readonly name: string;
  readonly btf: Btf;
  readonly fd: number;
}

/** KernelTypes is what the running kernel tells of itself. Modules are only looked at when asked for. */
export interface KernelTypes {
  readonly vmlinux: Btf;
  modules(): readonly ModuleTypes[];
  /** Addresses of symbols by name: several when a name stands for several; none when it is hidden or unknown. */
  addresses(name: string): readonly bigint[];
  close(): void;
}

/** Where a type of the kernel was found. */
export interface FoundType {
  readonly id: number;
  readonly btf: Btf;
  /** Undefined for the kernel itself. */
  readonly module: ModuleTypes | undefined;
}

/** findType looks for a type in the kernel, then in its modules. */
export function findType(kernel: KernelTypes, name: string, kind: number): FoundType | undefined {
  const id = kernel.vmlinux.findOne(name, kind);
  if (id !== undefined) return { id, btf: kernel.vmlinux, module: undefined };
  for (const module of kernel.modules()) {
    const found = module.btf.findOne(name, kind);
    if (found !== undefined) return { id: found, btf: module.btf, module };
  }
  return undefined;
}

function moduleNames(): string[] {
  try {
    return readdirSync("/sys/kernel/btf").filter((name) => name !== "vmlinux");
  } catch {
    return [];
  }
}

function openModules(owned: Descriptor[]): ModuleTypes[] {
  const names = new Set(moduleNames());
  const found: ModuleTypes[] = [];
  for (const id of names.size === 0 ? [] : objectIds("btf")) {
    let fd: Descriptor;
    try {
      fd = openById("btf", id);
    } catch (error) {
      // BTF of programs comes and goes.
      if (error instanceof BpfError && error.code === "not-found") continue;
      throw error;
    }
    const info = btfInfo(fd.number);
    if (!info.isKernel || !names.has(info.name)) {
      fd.close();
      continue;
    }
    owned.push(fd);
    found.push({ name: info.name, btf: moduleBtf(info.name), fd: fd.number });
  }
  return found;
}

// A line is `ffffffff81000000 T name`, with a tab and `[module]` behind names of modules.
function addressesIn(table: Buffer, name: string): bigint[] {
  const wanted = Buffer.from(` ${name}`, "latin1");
  const found = new Set<bigint>();
  for (let at = table.indexOf(wanted); at >= 0; at = table.indexOf(wanted, at + 1)) {
    const behind = table[at + wanted.length];
    if (behind !== 0x0a && behind !== 0x09) continue;
    const line = table.lastIndexOf(0x0a, at) + 1;
    const address = BigInt(`0x${table.toString("latin1", line, line + 16)}`);
    if (address !== 0n) found.add(address);
  }
  return [...found];
}

/** runningKernel looks at the kernel this process runs on; close() lets go of its modules' descriptors. */
export function runningKernel(): KernelTypes {
  const owned: Descriptor[] = [];
  let modules: ModuleTypes[] | undefined;
  let table: Buffer | undefined;
  return {
    get vmlinux() {
      return kernelBtf();
    },
    modules: () => {
      modules ??= openModules(owned);
      return modules;
    },
    addresses: (name) => {
      table ??= readFileSync("/proc/kallsyms");
      return addressesIn(table, name);
    },
    close: () => {
      for (const one of owned) one.close();
    },
  };
}
