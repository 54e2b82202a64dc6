import { BpfError } from "../errors.js";
import type { MappedMemory } from "../kernel/mmap.js";
import type { BpfMap } from "../maps/map.js";
import type { Program } from "../program/program.js";
import type { ObjectSpec } from "./spec.js";

/** Closable is anything that is let go of by close(). */
export interface Closable {
  close(): void;
}

/**
 * LoadedObject owns an object's maps and programs in the kernel. Links are their maker's to close; they keep
 * programs alive, and programs keep maps.
 */
export class LoadedObject {
  readonly spec: ObjectSpec;
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly programs: ReadonlyMap<string, Program>;
  readonly #owned: readonly Closable[];
  readonly #memory = new Map<string, MappedMemory>();

  /** `owned` is closed with the object, in its order; loadObject() is the usual way to get here. */
  constructor(
    spec: ObjectSpec,
    maps: ReadonlyMap<string, BpfMap>,
    programs: ReadonlyMap<string, Program>,
    owned: readonly Closable[],
  ) {
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
   * (5.5). Constants in `.rodata` must not be written to: that ends the process.
   */
  variable(name: string): DataView {
    const variable = this.spec.variables.get(name);
    if (variable === undefined) return this.#missing("variable", name, this.spec.variables.keys());
    let memory = this.#memory.get(variable.map);
    if (memory === undefined) {
      memory = this.map(variable.map).mapMemory(!variable.map.startsWith(".rodata"));
      this.#memory.set(variable.map, memory);
    }
    return new DataView(memory.buffer, variable.offset, variable.size);
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
