import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import type { MappedMemory } from "../kernel/mmap.js";
import type { BpfMap } from "../maps/map.js";
import type { Program } from "../program/program.js";
import { KCONFIG } from "./externs.js";
import type { LoadedStructOps } from "./load-struct-ops.js";
import type { ObjectSpec, VariableSpec } from "./spec.js";
import {
  type ConstantValue,
  decodeVariable,
  encodeVariable,
  type VariableValue,
  variableOf,
} from "./variables.js";

/** Closable is anything that is let go of by close(). */
export interface Closable {
  close(): void;
}

function isConstant(variable: VariableSpec): boolean {
  return variable.map.startsWith(".rodata") || variable.map === KCONFIG;
}

/** LoadedMore is what only some objects have. */
export interface LoadedMore {
  readonly types: Btf | undefined;
  readonly structOps: ReadonlyMap<string, LoadedStructOps>;
}

/**
 * LoadedObject owns an object's maps and programs in the kernel. Links are their maker's to close; they keep
 * programs alive, and programs keep maps.
 */
export class LoadedObject {
  readonly spec: ObjectSpec;
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, Program>;
  /** The object's own types, undefined when it has none. */
  readonly types: Btf | undefined;
  /** Its tables of functions for the kernel, made and not yet attached. */
  readonly structOps: ReadonlyMap<string, LoadedStructOps>;
  readonly #owned: readonly Closable[];
  readonly #memory = new Map<string, MappedMemory>();

  /** `owned` is closed with the object, in its order; loadObject() is the usual way to get here. */
  constructor(
    spec: ObjectSpec,
    maps: ReadonlyMap<string, BpfMap>,
    programs: ReadonlyMap<string, Program>,
    owned: readonly Closable[],
    more: LoadedMore = { types: undefined, structOps: new Map() },
  ) {
    this.types = more.types;
    this.structOps = more.structOps;
    this.spec = spec;
    this.maps = maps;
    this.programs = programs;
    this.#owned = owned;
  }

  /** map gives a map by name. Throws BpfError `not-found`. */
  map(name: string): BpfMap {
    return this.maps.get(name) ?? this.#missing("map", name, this.maps.keys());
  }

  /** program gives a loaded program by name. Throws BpfError `not-found`. */
  program(name: string): Program {
    return this.programs.get(name) ?? this.#missing("program", name, this.programs.keys());
  }

  /**
   * variable gives a global variable as live memory: reads see what programs write, and the other way round
   * (5.5). Constants in `.rodata` and `.kconfig` must not be written to: that ends the process.
   */
  variable(name: string): DataView {
    const variable = variableOf(this.spec, name);
    let memory = this.#memory.get(variable.map);
    if (memory === undefined) {
      memory = this.map(variable.map).mapMemory(!isConstant(variable));
      this.#memory.set(variable.map, memory);
    }
    return new DataView(memory.buffer, variable.offset, variable.size);
  }

  /** get reads a variable's value by its type, structs and arrays as a copy of their bytes. Throws `not-found`. */
  get(name: string): VariableValue {
    const { buffer, byteOffset, byteLength } = this.variable(name);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return decodeVariable(variableOf(this.spec, name), bytes, this.types);
  }

  /**
   * set writes a variable's value, which programs see at once. Throws `not-found`, or `bad-argument` for a
   * value that its type does not take and for constants, which are set at load.
   */
  set(name: string, value: ConstantValue): void {
    const variable = variableOf(this.spec, name);
    const bytes = encodeVariable(variable, value, this.types);
    if (isConstant(variable)) {
      throw new BpfError("bad-argument", `"${name}" is a constant: the verifier has relied on its value`, {
        hint: "set it before, in options.constants of loadObject()",
      });
    }
    const { buffer, byteOffset, byteLength } = this.variable(name);
    new Uint8Array(buffer, byteOffset, byteLength).set(bytes);
  }

  /** close lets go of programs, maps and memory; closing twice is harmless. */
  close(): void {
    for (const memory of this.#memory.values()) memory.close();
    for (const one of this.#owned) one.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #missing(what: string, name: string, known: Iterable<string>): never {
    const hint = `it has ${[...known].join(", ") || "none"}`;
    throw new BpfError("not-found", `the object has no ${what} "${name}"`, { hint });
  }
}
