import {
  BpfError,
  isPerCpu,
  type LoadedObject,
  loadObject,
  RingBufferReader,
  readObject,
  u32Bytes,
} from "@go3s/bpf";
import { type CompileResult, compile } from "../compile.js";
import type { InstructionSet } from "../emit/selection.js";
import { sizeOf } from "../types/type.js";
import { checkText } from "./check.js";
import { type Input, interpret, newMachine } from "./interpret/interpret.js";
import type { Machine } from "./interpret/machine.js";
import { Unsupported } from "./interpret/memory.js";

/**
 * Verdict is what became of a program. `refused` by the compiler, `unsupported` by the interpreter and `too-long` for the
 * verifier, which follows at most a million instructions on all paths, are no mistakes; all others but `same` are.
 */
export interface Verdict {
  readonly kind:
    | "same"
    | "refused"
    | "unsupported"
    | "internal"
    | "slow"
    | "rejected"
    | "too-long"
    | "different"
    | "crashed";
  /** why is for people; programs with one `about` fail in one way. */
  readonly why: string;
  readonly about: string;
}

/** slowest is how long compiling a program may take, in milliseconds of the processor: others may use the machine too. */
export const slowest = 1000;

const verdict = (kind: Verdict["kind"], why = "", about = why): Verdict => ({ kind, why, about });

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

/** badCompile tells what is wrong with a compilation that gave no object. */
function badCompile(result: CompileResult): Verdict {
  const errors = result.diagnostics.filter((each) => each.severity === "error");
  const internal = errors.find((each) => each.id === "internal");
  if (internal !== undefined) return verdict("internal", internal.message);
  if (errors.length === 0) return verdict("internal", "no object and no error");
  const [first] = errors;
  return verdict("refused", `${first?.id}: ${first?.message}`, first?.id);
}

/**
 * isTooLong tells whether the verifier gave up: a million instructions or 8192 open jumps (BPF_COMPLEXITY_LIMIT_INSNS and
 * BPF_COMPLEXITY_LIMIT_JMP_SEQ, kernel/bpf/verifier.c).
 */
export function isTooLong(error: BpfError): boolean {
  return /\bE2BIG\b|jumps is too complex/.test(error.message);
}

/** rejected tells of a program that the kernel does not take; anything but the verifier's refusal is passed on. */
function rejected(error: unknown): Verdict {
  if (!(error instanceof BpfError)) throw error;
  const why = `${error.code}: ${error.message}`;
  if (isTooLong(error)) return verdict("too-long", why, "too-long");
  return verdict("rejected", why, why.split("\n")[0]?.replaceAll(/\d+/g, "N"));
}

/** isMistake tells whether a verdict is about a mistake of ours. */
export function isMistake({ kind }: Verdict): boolean {
  return kind !== "same" && kind !== "refused" && kind !== "unsupported" && kind !== "too-long";
}

/** compileTimed compiles, and says so when that took too long or failed. */
export function compileTimed(
  text: string,
  cpu: InstructionSet,
): { object: Uint8Array } | { verdict: Verdict } {
  const started = process.cpuUsage();
  const result = compile([{ name: "random.go3s", text }], { cpu });
  const { user, system } = process.cpuUsage(started);
  const took = (user + system) / 1000;
  if (took > slowest) return { verdict: verdict("slow", `${Math.round(took)} ms`, "slow") };
  return result.object === undefined ? { verdict: badCompile(result) } : { object: result.object };
}

/** loadVerdict loads an object's bytes and lets go of it. */
export function loadVerdict(object: Uint8Array): Verdict {
  try {
    loadObject(readObject(object)).close();
    return verdict("same");
  } catch (error) {
    return rejected(error);
  }
}

/** valueIn is a map's value for a key as the program saw it: of per-CPU values all but one CPU's are zero. */
function valueIn(object: LoadedObject, name: string, key: Uint8Array, size: number): Uint8Array | undefined {
  const map = object.map(name);
  const found = map.lookup(key);
  if (found === undefined || !isPerCpu(map.spec.type)) return found;
  const sum = new Uint8Array(size);
  const stride = Math.ceil(size / 8) * 8;
  for (let at = 0; at + size <= found.length; at += stride)
    for (let i = 0; i < size; i++) sum[i] = (sum[i] ?? 0) | (found[at + i] ?? 0);
  return sum;
}

/** compareMaps finds a difference between the kernel's maps and the machine's. */
function compareMaps(object: LoadedObject, machine: Machine): string | undefined {
  for (const [symbol, state] of machine.maps) {
    const { name, type } = symbol;
    const size = sizeOf(type.value);
    if (type.row.family === "hash" || type.row.family === "array") {
      for (const [text, memory] of state.values) {
        const found = valueIn(object, name, Buffer.from(text, "hex"), size);
        const got = found === undefined ? "nothing" : hex(found.subarray(0, size));
        if (got !== hex(memory.bytes)) return `${name}[${text}] is ${got}, not ${hex(memory.bytes)}`;
      }
      const count = type.row.family === "hash" ? [...object.map(name).entries()].length : state.values.size;
      if (count !== state.values.size) return `${name} has ${count} keys, not ${state.values.size}`;
    } else if (type.row.family === "queue") {
      const wanted = type.row.name === "Stack" ? state.queue.toReversed() : state.queue;
      for (const bytes of [...wanted, undefined]) {
        const found = object.map(name).lookupAndDelete(new Uint8Array(0));
        if ((found && hex(found)) !== (bytes && hex(bytes)))
          return `${name} gives ${found && hex(found)}, not ${bytes && hex(bytes)}`;
      }
    }
  }
  return undefined;
}

function compareRings(object: LoadedObject, machine: Machine): string | undefined {
  for (const [symbol, records] of machine.rings) {
    const found: string[] = [];
    const reader = new RingBufferReader(object.map(symbol.name), ({ bytes }, at, length) =>
      found.push(hex(bytes.subarray(at, at + length))),
    );
    try {
      reader.drain();
    } finally {
      reader.close();
    }
    const wanted = records.filter(({ state }) => state === "sent").map(({ memory }) => hex(memory.bytes));
    if (found.join() !== wanted.join())
      return `${symbol.name} has ${found.join() || "nothing"}, not ${wanted.join()}`;
  }
  return undefined;
}

function compareGlobals(object: LoadedObject, machine: Machine): string | undefined {
  const sections = new Map<string, Uint8Array>();
  for (const [symbol, memory] of machine.globals) {
    const variable = object.spec.variables.get(symbol.name);
    if (variable === undefined) return `there is no variable ${symbol.name}`;
    const section = sections.get(variable.map) ?? object.map(variable.map).lookup(u32Bytes(0));
    if (section === undefined) return `${variable.map} cannot be read`;
    sections.set(variable.map, section);
    const got = hex(section.subarray(variable.offset, variable.offset + memory.bytes.length));
    if (got !== hex(memory.bytes)) return `${symbol.name} is ${got}, not ${hex(memory.bytes)}`;
  }
  return undefined;
}

/** differential runs the program `main` of a text in the kernel and in the interpreter, on the same inputs. */
export function differential(text: string, cpu: InstructionSet, inputs: readonly Input[]): Verdict {
  try {
    const built = compileTimed(text, cpu);
    if ("verdict" in built) return built.verdict;
    const checked = checkText(text)?.checked;
    if (checked === undefined) return verdict("internal", "the checker and compile disagree");
    const machine = newMachine(checked);
    let object: LoadedObject;
    try {
      object = loadObject(readObject(built.object));
    } catch (error) {
      return rejected(error);
    }
    using loaded = object;
    // Which CPU a run is on is the kernel's choice, so per-CPU values are those of one run.
    const perCpu = checked.maps.some(({ type }) => type.row.name.includes("PerCPU"));
    for (const [i, input] of inputs.slice(0, perCpu ? 1 : inputs.length).entries()) {
      const wanted = interpret(machine, "main", input);
      const context = new Uint8Array(new BigUint64Array(input.words).buffer);
      const ran = loaded
        .program("main")
        .testRun(input.words.length > 0 ? { context } : { data: input.packet });
      if (ran.result !== wanted)
        return verdict("different", `run ${i}: the result is ${ran.result | 0}, not ${wanted | 0}`, "result");
      if (input.words.length === 0 && hex(ran.data) !== hex(machine.packet.bytes))
        return verdict("different", `run ${i}: the packet is ${hex(ran.data)}`, "packet");
    }
    const found =
      compareGlobals(loaded, machine) ?? compareMaps(loaded, machine) ?? compareRings(loaded, machine);
    return found === undefined ? verdict("same") : verdict("different", found, "memory");
  } catch (error) {
    if (error instanceof Unsupported) return verdict("unsupported", error.message);
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return verdict("crashed", why, why.split("\n")[0] ?? "");
  }
}
