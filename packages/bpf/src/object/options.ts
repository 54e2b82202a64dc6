import type { Btf } from "../btf/reader.js";
import type { BpfMap } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import type { Program } from "../program/program.js";
import type { ProgramTypeId } from "../uapi/program-types.js";
import type { ConstantValue } from "./variables.js";

/** MapSize is what an object may leave to who loads it; absent parts stay as the object has them. */
export interface MapSize {
  /** Entries; bytes for ring buffers. */
  readonly maxEntries?: number;
  /** Bytes of a value, as for stack traces: 8 for each frame. */
  readonly valueSize?: number;
}

/** LoadOptions say how an object is to be loaded. */
export interface LoadOptions {
  /**
   * Values of variables, set before anything runs: for `.rodata` the verifier knows them. Also values of the
   * kernel's configuration, in place of the running kernel's.
   */
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  /** Values of names that the object declares nowhere, as assembly code may have them. */
  readonly symbols?: Readonly<Record<string, number | bigint>>;
  /** Maps to use in place of the object's own; they stay the caller's. */
  readonly maps?: ReadonlyMap<string, BpfMap>;
  /** Sizes of maps, instead of what the object says; a number stands for the entries. */
  readonly mapSizes?: Readonly<Record<string, number | MapSize>>;
  /** What the elements of maps of maps look like, where the object leaves it to who loads it. */
  readonly innerMaps?: Readonly<Record<string, MapSpec>>;
  /** Where maps that ask for it are pinned by name and found again; absent means /sys/fs/bpf. */
  readonly pinFolder?: string;
  /** Names of the programs to load; absent means all whose section does not begin with "?". */
  readonly programs?: readonly string[];
  /** Names of programs, and of tables of functions, to leave out. */
  readonly without?: readonly string[];
  /** What programs attach to, by program, instead of what the section says. */
  readonly targets?: Readonly<Record<string, string>>;
  /** Loaded programs whose functions are attached to or replaced, by the name of the program that does. */
  readonly targetPrograms?: Readonly<Record<string, Program>>;
  /** Program types, for sections whose name says nothing. */
  readonly types?: Readonly<Record<string, ProgramTypeId>>;
  /** The types CO-RE relocations are answered from, when not the running kernel's and its modules'. */
  readonly kernelBtf?: Btf;
}
