import { existsSync, readFileSync, statSync } from "node:fs";
import { elfType, openElf } from "@go3s/binary";
import type { ScriptFacts, UserSymbol } from "@go3s/lang";

let kernel: Map<string, bigint> | undefined;

/** kernelAddress reads /proc/kallsyms once, when a script names a symbol. */
function kernelAddress(name: string): bigint | undefined {
  if (kernel === undefined) {
    kernel = new Map();
    for (const line of readFileSync("/proc/kallsyms", "latin1").split("\n")) {
      const [address = "", , symbol = ""] = line.split(/[ \t]/);
      if (symbol !== "" && !kernel.has(symbol)) kernel.set(symbol, BigInt(`0x${address}`));
    }
  }
  return kernel.get(name);
}

function userAddress(path: string, name: string): UserSymbol | undefined {
  using elf = openElf(path);
  for (const table of [elf.symbols(), elf.dynamicSymbols()]) {
    const found = table?.find(name);
    if (found !== undefined)
      return { address: BigInt(found.value), size: Number(found.size), moves: elf.type === elfType.DYN };
  }
  return undefined;
}

/** cgroupId is the number of a control group's folder. */
function cgroupId(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** possibleCpus counts the processors that may come to be: 0-7 is eight. */
export function possibleCpus(): number {
  const text = readFileSync("/sys/devices/system/cpu/possible", "utf8");
  return Math.max(...(text.match(/\d+/g) ?? ["0"]).map(Number)) + 1;
}

/** headerExists looks where C's compilers look, and below the kernel's own headers; the kernel's types come from BTF anyway. */
function headerExists(name: string, folders: readonly string[]): boolean {
  // The kernel's own headers are often not installed, and not needed.
  if (/^(?:linux|net|asm|asm-generic|uapi|trace|kernel|fs|block|drivers|bpf)\//.test(name)) return true;
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  const system = ["/usr/include", "/usr/local/include", `/usr/include/${architecture}-linux-gnu`];
  if (!existsSync("/usr/include")) return true;
  return [...folders, ".", ...system].some((folder) => existsSync(`${folder}/${name}`));
}

// PROC_PID_INIT_INO of include/linux/proc_ns.h: the machine's first namespace.
const firstNamespace = 0xeffffffcn;

/** machineFacts are asked only when a script needs them. */
export function machineFacts(headerFolders: readonly string[] = []): ScriptFacts {
  const { dev, ino } = statSync("/proc/self/ns/pid", { bigint: true });
  return {
    kernelAddress,
    userAddress,
    cgroupId,
    headerExists: (name) => headerExists(name, headerFolders),
    get cpus() {
      return possibleCpus();
    },
    ...(ino === firstNamespace ? {} : { pidNamespace: { device: dev, inode: ino } }),
  };
}
