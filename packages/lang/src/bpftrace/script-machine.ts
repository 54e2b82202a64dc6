import type { UsdtLayout } from "./script.js";

/** FoundFile is a program or library that a probe names. */
export interface FoundFile {
  /** path that the kernel is given; for a process in another mount namespace by way of its root. */
  readonly path: string;
  /** shown is how the probe's name has it. */
  readonly shown: string;
}

/** FoundFunction is a function of a program. */
export interface FoundFunction {
  /** symbol as the file has it (mangled). */
  readonly symbol: string;
  /** size in bytes; 0 when the file does not say. */
  readonly size: number;
}

/** UsdtSite is one place at which a program was compiled with a USDT probe. */
export interface UsdtSite extends UsdtLayout {
  readonly provider: string;
  readonly name: string;
  /** offset in the file of the probe's instruction, and of the counter it waits for (0: none). */
  readonly offset: number;
  readonly refCounter: number;
}

/** FoundAddress is an address of a program as a uprobe takes it. */
export interface FoundAddress {
  readonly offset: number;
  /** symbol is the function that holds it. */
  readonly symbol: string | undefined;
}

/** FunctionArgument is a parameter of a function, by the DWARF of its program. */
export interface FunctionArgument {
  readonly name: string;
  /** type as C writes it: `int`, `struct Foo *`. */
  readonly type: string;
}

/** ScriptMachine answers what a script's probes may be attached to; nothing is read inside the compiler. */
export interface ScriptMachine {
  /** tracepoints gives all names as GROUP:NAME. Only asked for patterns, and to help with a wrong name. */
  readonly tracepoints?: () => readonly string[];
  readonly tracepointFormat?: (group: string, name: string) => string | undefined;
  /** isRawTracepoint tells whether a tracepoint is one of the kernel's own, which raw programs can be attached to. */
  readonly isRawTracepoint?: (group: string, name: string) => boolean;
  /** rawTracepoints gives the names of all raw tracepoints; undefined where nobody knows them. */
  readonly rawTracepoints?: () => readonly string[] | undefined;
  /** kernelFunctions gives all functions as MODULE:NAME, the kernel's own as vmlinux:NAME. */
  readonly kernelFunctions?: () => readonly string[] | undefined;
  /** findFiles gives the programs and libraries that a name or a pattern of paths means. */
  readonly findFiles?: (name: string) => readonly FoundFile[];
  /** symbols gives the functions of a program or library; only asked for patterns. */
  readonly symbols?: (path: string) => readonly string[];
  /** demangled gives the functions of a C++ program by their readable names, without and with their parameters. */
  readonly demangled?: (
    path: string,
  ) => readonly { readonly symbol: string; readonly names: readonly string[] }[];
  readonly findFunction?: (path: string, name: string) => FoundFunction | undefined;
  /** findAddress gives where a virtual address stands in the file. */
  readonly findAddress?: (path: string, address: number) => FoundAddress | undefined;
  /** lineAddresses gives where the code of a source line begins. */
  readonly lineAddresses?: (path: string, file: string, line: number) => readonly FoundAddress[];
  readonly usdt?: (path: string) => readonly UsdtSite[];
  /** userArguments gives the parameters of a function by the program's DWARF; undefined when it has none. */
  readonly userArguments?: (path: string, symbol: string) => readonly FunctionArgument[] | undefined;
  /** userTypes gives C declarations of the structs of a program that a name needs, from its DWARF. */
  readonly userType?: (path: string, name: string) => string | undefined;
  /** pid of -p. */
  readonly pid?: number | undefined;
  /** command tells that -c was given. */
  readonly hasCommand?: boolean;
  /** unsafe: --unsafe was given. */
  readonly unsafe?: boolean;
}
