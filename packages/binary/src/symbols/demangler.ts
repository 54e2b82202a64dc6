import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Demangler undoes C++ (Itanium) and Rust (legacy and v0) names by the WebAssembly module of gecko-profiler-demangle. */
export interface Demangler {
  /** demangle returns the readable name, or undefined when it is none of these or would be longer than is sane. */
  demangle(name: string): string | undefined;
}

/** longestName: GCC and Clang write names of some thousand characters; longer ones are shown as they are. */
const longestName = 4_096;

/**
 * extraPages bounds what the module may claim beyond its start, in pages of 64 KiB. A name of 200 characters can say
 * "twice the one before" twenty times over; it then fails within 0.1 s instead of taking gigabytes.
 */
const extraPages = 32;

/** Sections of a WebAssembly module begin behind its magic and version; number 5 is the memory's limits. */
const firstSection = 8;
const memorySection = 5;

function readLeb(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  throw new Error("a WebAssembly module with a broken number");
}

function lebOf(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    out.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    rest = Math.floor(rest / 0x80);
  } while (rest > 0);
  return out;
}

/** withMemoryLimit returns the module with a largest memory: the engine then refuses to grow it beyond. */
export function withMemoryLimit(module: Uint8Array, extra: number): Uint8Array {
  for (let at = firstSection; at < module.length; ) {
    const { value: size, next } = readLeb(module, at + 1);
    if (module[at] === memorySection) {
      // One memory, flags 0: a smallest size in pages, and no largest.
      if (module[next] !== 1 || module[next + 1] !== 0) return module;
      const smallest = readLeb(module, next + 2).value;
      const body = [1, 1, ...lebOf(smallest), ...lebOf(smallest + extra)];
      return Buffer.concat([
        module.subarray(0, at),
        Uint8Array.from([memorySection, ...lebOf(body.length), ...body]),
        module.subarray(next + size),
      ]);
    }
    at = next + size;
  }
  return module;
}

/** Engine is one instance of the module; a name that made it stop leaves it unusable. */
type Engine = (name: string) => string;

function startEngine(module: WebAssembly.Module): Engine {
  // The module asks for a table of JavaScript values to be set up, which names have no use for.
  const imports = { "./index_bg.js": { __wbindgen_init_externref_table: () => {} } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const call = (name: string, ...numbers: number[]): unknown => {
    const found = exports[name];
    if (typeof found !== "function") throw new Error(`gecko-profiler-demangle has no ${name}`);
    return Reflect.apply(found, undefined, numbers);
  };
  const bytes = (): Buffer => {
    const { memory } = exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("gecko-profiler-demangle has no memory");
    // Growing the memory replaces its buffer, so it is asked for each time.
    return Buffer.from(memory.buffer);
  };
  call("__wbindgen_start");
  return (name) => {
    const text = Buffer.from(name, "utf8");
    const at = Number(call("__wbindgen_malloc", text.length, 1)) >>> 0;
    bytes().set(text, at);
    const answer = call("demangle_any", at, text.length);
    if (!Array.isArray(answer)) throw new Error("gecko-profiler-demangle answered in an unknown form");
    const [start = 0, length = 0] = answer.map((value) => Number(value) >>> 0);
    const readable = bytes().toString("utf8", start, start + length);
    call("__wbindgen_free", start, length, 1);
    return readable;
  };
}

/** mangled tells names of C++ and Rust from the rest: the module would change others too (Objective-C's, Windows'). */
const mangled = /^(?:_{1,4}Z|_{0,2}R[A-Z])/;

/** openDemangler compiles the module (10 ms, 0.5 MB of file); each Demangler has a memory of its own. */
export function openDemangler(): Demangler {
  const path = createRequire(import.meta.url).resolve("gecko-profiler-demangle/index_bg.wasm");
  const module = new WebAssembly.Module(withMemoryLimit(readFileSync(path), extraPages));
  let engine: Engine | undefined;
  return {
    demangle(name) {
      if (name.length > longestName || !mangled.test(name)) return undefined;
      engine ??= startEngine(module);
      try {
        const readable = engine(name);
        // What is no name after all comes back as it was, or without its first underscore.
        return readable === name || name.endsWith(readable) ? undefined : readable;
      } catch {
        // The module ran into its memory's limit or into its own bug: the next name gets a fresh one.
        engine = undefined;
        return undefined;
      }
    },
  };
}
