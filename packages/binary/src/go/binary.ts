import { returnOffsets } from "../code/instruction.js";
import { type CallAbi, type ProbeSite, probeSite } from "../code/probe-site.js";
import { type ElfFile, openElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { type GoBuildInfo, readGoBuildInfo } from "./build-info.js";
import { type GoFunction, type GoFunctions, readGoFunctions } from "./functions.js";
import { type GoVersion, isSince, parseGoVersion } from "./version.js";

/** GoProbeSite is a ProbeSite with the places a uprobe is attached by. */
export interface GoProbeSite extends ProbeSite {
  /** address is virtual, as in the ELF file. */
  readonly address: number;
  /** fileOffset is what perf_event_open and uprobe_multi take. */
  readonly fileOffset: number;
}

/** GoBinary is an executable that Go built. It owns its ElfFile. */
export interface GoBinary {
  readonly elf: ElfFile;
  readonly build: GoBuildInfo | undefined;
  /** version is undefined when the file does not say or says something else than goN.N. */
  readonly version: GoVersion | undefined;
  readonly functions: GoFunctions;
  /** code returns a function's bytes. */
  code(fn: GoFunction): Uint8Array;
  /** fileOffset maps a virtual address in the code to its file offset. */
  fileOffset(address: number): number;
  /** probeAddress returns where a uprobe that shall see the function's arguments costs least. */
  probeAddress(fn: GoFunction): GoProbeSite;
  /** returnAddresses returns the virtual addresses of the function's return instructions, found by decoding. */
  returnAddresses(fn: GoFunction): number[];
  close(): void;
  [Symbol.dispose](): void;
}

/** largestFunction bounds what is read for one function; the largest generated ones are a few MiB. */
const largestFunction = 0x400_0000;

/** readGoBinary reads what makes an ELF file a Go program. Throws BinaryError "not-go" when nothing does. */
export function readGoBinary(elf: ElfFile): GoBinary {
  const build = readGoBuildInfo(elf);
  const functions = readGoFunctions(elf);
  if (functions === undefined) {
    throw new BinaryError("not-go", `${elf.source.name} has no Go function table`, {
      hint:
        build === undefined
          ? "only programs built by Go 1.16 or later have one"
          : "the table was stripped: rebuild the program",
    });
  }
  const version = build === undefined ? undefined : parseGoVersion(build.goVersion);
  // ABIInternal came to x86-64 with 1.17 and to arm64 with 1.18; unknown versions are newer ones.
  const abi: CallAbi = version !== undefined && !isSince(version, 17) ? "go-stack" : "go";
  const self: GoBinary = {
    elf,
    build,
    version,
    functions,
    code(fn) {
      if (fn.end < fn.entry || fn.end - fn.entry > largestFunction) {
        throw new BinaryError("malformed", `${fn.name}: ${fn.end - fn.entry} bytes of code`);
      }
      return elf.readAddress(fn.entry, fn.end - fn.entry).data;
    },
    fileOffset(address) {
      const offset = elf.addressToOffset(address);
      if (offset === undefined)
        throw new BinaryError("malformed", `no segment holds address 0x${address.toString(16)}`);
      return offset;
    },
    probeAddress(fn) {
      const site = probeSite(elf.machine, self.code(fn), abi);
      const address = fn.entry + site.offset;
      return { ...site, address, fileOffset: self.fileOffset(address) };
    },
    returnAddresses: (fn) => returnOffsets(elf.machine, self.code(fn)).map((offset) => fn.entry + offset),
    close: () => elf.close(),
    [Symbol.dispose]: () => elf.close(),
  };
  return self;
}

/** openGoBinary opens the Go program at path; the caller closes it. */
export function openGoBinary(path: string): GoBinary {
  const elf = openElf(path);
  try {
    return readGoBinary(elf);
  } catch (error) {
    elf.close();
    throw error;
  }
}
