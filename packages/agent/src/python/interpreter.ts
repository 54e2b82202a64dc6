import { type ElfFile, openElf, segmentFlag, segmentType } from "@go3s/binary";
import { withFile } from "@go3s/bpf";
import { type StateAccess, stateAccess } from "./thread-state.js";

/** Interpreter is what the file of a CPython says, at the addresses at which it was linked. */
export interface Interpreter {
  readonly machine: number;
  /** minor is 14 in CPython 3.14; it is in files since 3.11. */
  readonly minor: number | undefined;
  readonly copy: Place | undefined;
  /** contextType is PyContext_Type. */
  readonly contextType: number | undefined;
  readonly runtime: number | undefined;
  /** asyncio is the definition of the module _asyncio, where that is in the same file; "hidden" where it is and is not found. */
  readonly asyncio: number | "hidden" | undefined;
  /** state is how a thread finds its PyThreadState since 3.15. */
  readonly state: StateAccess | undefined;
  readonly code: readonly { readonly address: number; readonly offset: number }[];
}

interface Place {
  readonly value: number;
  readonly size: number;
}

// Files of a machine that runs many; the oldest are forgotten.
const limit = 64;
const known = new Map<string, Interpreter>();

/** interpreterIn reads a file once, however often it is asked for. */
export function interpreterIn(path: string, identity: string): Interpreter {
  const before = known.get(identity);
  if (before !== undefined) return before;
  const found = withFile(path, identity, (file) => {
    const elf = openElf(file);
    try {
      return readInterpreter(elf);
    } finally {
      elf.close();
    }
  });
  const [oldest] = known.keys();
  if (known.size >= limit && oldest !== undefined) known.delete(oldest);
  known.set(identity, found);
  return found;
}

function readInterpreter(elf: ElfFile): Interpreter {
  const symbols = elf.dynamicSymbols();
  const codeOf = (name: string): Uint8Array | undefined => {
    const symbol = symbols?.find(name);
    return symbol?.value ? elf.readAddress(symbol.value, symbol.size).data : undefined;
  };
  const addressOf = (name: string): number | undefined => symbols?.find(name)?.value || undefined;
  const version = codeOf("Py_Version");
  const init = addressOf("PyInit__asyncio");
  const initCode = codeOf("PyInit__asyncio");
  const stateAt = addressOf("PyGILState_GetThisThreadState");
  const stateCode = codeOf("PyGILState_GetThisThreadState");
  const copy = symbols?.find("PyContext_CopyCurrent");
  return {
    machine: elf.machine,
    // PY_VERSION_HEX
    minor: version?.[2],
    copy: copy?.value ? copy : undefined,
    contextType: addressOf("PyContext_Type"),
    runtime: addressOf("_PyRuntime"),
    asyncio: init && initCode ? (definitionOf(initCode, init) ?? "hidden") : undefined,
    state: stateAt && stateCode ? stateAccess(stateCode, stateAt) : undefined,
    code: elf.segments.filter(
      ({ type, flags }) => type === segmentType.LOAD && (flags & segmentFlag.EXEC) !== 0,
    ),
  };
}

/** definitionOf finds the PyModuleDef that the beginning of a module, its PyInit function at an address, hands to PyModuleDef_Init. */
export function definitionOf(code: Uint8Array, address: number): number | undefined {
  // After ENDBR64: MOV $definition, %EDI, or LEA definition(%RIP), %RDI; then JMP or CALL, in front of which the stack may be made even.
  const hex = Buffer.from(code).toString("hex");
  const [all = "", absolute, relative] =
    /^(?:f30f1efa)?(?:55(?:4889e5)?|50|4883ec08)?(?:bf(.{8})|488d3d(.{8}))(?=e8|e9|5de9)/.exec(hex) ?? [];
  if (absolute !== undefined) return Buffer.from(absolute, "hex").readUInt32LE();
  if (relative === undefined) return undefined;
  return address + all.length / 2 + Buffer.from(relative, "hex").readInt32LE();
}
