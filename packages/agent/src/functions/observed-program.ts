import { join } from "node:path";
import { elfMachine, openElf, openGoBinary, readGoBuildInfo, readMaps } from "@go3s/binary";
import { BpfError, fileIdentity, kernelBtf, type LoadedObject, loadObject, readObject } from "@go3s/bpf";
import { environment } from "../environment.js";
import { AgentError } from "../errors.js";
import { compileApart } from "../probes/compile-apart.js";
import { cacheKey, openObjectCache } from "../probes/object-cache.js";
import { planGo } from "./go-plan.js";
import { planNative } from "./native-plan.js";
import type { FunctionPattern } from "./pattern.js";
import type { ProgramPlan } from "./plan.js";
import { type FunctionMode, functionSource } from "./source.js";

/** ObservedProgram is one program file with the probes for its functions, loaded. */
export interface ObservedProgram {
  readonly plan: ProgramPlan;
  /** identity is the file's that was planned for (fileIdentity of @go3s/bpf). */
  readonly identity: string;
  readonly source: string;
  /** tables names the dynamic types of errors by the addresses of their tables, as in the file. */
  readonly tables: ReadonlyMap<number, string>;
  /** types is where the file has the descriptions of Go's types (runtime.types); undefined where no symbol says so. */
  readonly types: number | undefined;
  /** isMovable: addresses in the process differ from those in the file (PIE). */
  readonly isMovable: boolean;
  readonly object: LoadedObject;
}

// ET_DYN, include/uapi/linux/elf.h
const movable = 3;

/**
 * openProgram plans, compiles and loads the probes for a program file; undefined when no function of it is asked for.
 * Throws BinaryError, BpfError, AgentError "bad-functions".
 */
export function openProgram(
  path: string,
  patterns: readonly FunctionPattern[],
  mode: FunctionMode,
): { readonly plan: ProgramPlan; readonly program: ObservedProgram | undefined } {
  const { plan, tables, types, isMovable } = planFile(path, patterns, mode === "spans");
  if (plan.functions.length === 0) return { plan, program: undefined };
  const source = functionSource(plan, mode);
  const object = loadObject(readObject(compileFunctions(source)));
  return { plan, program: { plan, identity: fileIdentity(path), source, tables, types, isMovable, object } };
}

function planFile(path: string, patterns: readonly FunctionPattern[], values: boolean) {
  const none = { tables: new Map<number, string>(), types: undefined };
  using elf = openElf(path);
  if (elf.machine !== elfMachine.X86_64) {
    const notes = ["functions: only those of x86-64 programs can be observed"];
    return { ...none, plan: { ...blank, notes }, isMovable: false };
  }
  const isMovable = elf.type === movable;
  if (readGoBuildInfo(elf) === undefined) {
    return { ...none, plan: planNative(elf, patterns, values), isMovable };
  }
  using binary = openGoBinary(path);
  const plan = planGo(binary, patterns, values);
  const asks = plan.functions.some((fn) =>
    [...fn.arguments.leaves, ...fn.results.leaves].some((leaf) => /error|interface|any/.test(leaf.kind)),
  );
  const tables = new Map<number, string>();
  let types: number | undefined;
  for (const { name, value } of asks ? (elf.symbols() ?? []) : []) {
    if (name === "runtime.types") types = value;
    const table = /^go[:.]itab\.(.+),[^,]+$/.exec(name);
    if (table !== null) tables.set(value, table[1] ?? "");
  }
  return { plan, tables, types, isMovable };
}

const blank: ProgramPlan = {
  functions: [],
  isGo: false,
  goidOffset: undefined,
  parentGoidOffset: undefined,
  panic: undefined,
  goexit: undefined,
  routineEnd: undefined,
  notes: [],
};

/** compileFunctions compiles generated source. Throws AgentError "bad-functions" with the diagnostics. */
export function compileFunctions(text: string): Uint8Array {
  const sources = [{ name: "functions.go3s", text }];
  const cache = openObjectCache(join(environment.cacheFolder, "functions"));
  const key = cacheKey(sources);
  const kept = cache.read(key);
  if (kept !== undefined) return kept;
  kernelBtf();
  const { object, complaints } = compileApart(sources);
  if (object !== undefined) {
    cache.write(key, object);
    return object;
  }
  throw new AgentError("bad-functions", `the probes for functions do not compile:\n${complaints}`, {
    hint: "this is a mistake of ours: please report it with what --func-show prints",
  });
}

/** typesOf gives the types of a program's maps. */
export function typesOf({ object }: ObservedProgram) {
  if (object.types === undefined) throw new BpfError("bad-object", "the probes for functions have no types");
  return object.types;
}

/** biasOf is what a movable program's addresses are moved by: where its first page is mapped. */
export function biasOf({ isMovable }: ObservedProgram, pid: number): number {
  if (!isMovable) return 0;
  const first = readMaps(pid).find((row) => row.fileOffset === 0 && row.path !== "");
  return first?.start ?? 0;
}
