import type { Bytes } from "../bytes/view.js";
import type { DebugFile } from "./debug-file.js";
import type { Shape, ShapeTable } from "./shapes.js";
import type { Unit } from "./unit-header.js";

/** Bases are where a unit's part of the sections that all units share begins. */
export interface Bases {
  readonly strings: number;
  readonly addresses: number;
  readonly rangeLists: number;
  readonly locationLists: number;
  /** ranges is what DWARF 4 split units add to their offsets into .debug_ranges. */
  readonly ranges: number;
}

/** Contribution is what a .dwp file's index says of one unit: where its part of each section begins. */
export interface Contribution {
  readonly abbreviations: number;
  readonly line: number;
  readonly locations: number;
  readonly stringOffsets: number;
  readonly rangeLists: number;
}

/** DebugUnit is a unit whose entries can be read. Positions in it count from its header. */
export interface DebugUnit {
  readonly file: DebugFile;
  readonly header: Unit;
  shapes(): ShapeTable;
  bases(): Bases;
  readonly contribution: Contribution | undefined;
  /** skeleton is the unit in the program that a split unit belongs to: it has the addresses. */
  readonly skeleton: DebugUnit | undefined;
  /** bytes of the whole unit, its header included. */
  bytes(): Bytes;
  root(): Die | undefined;
  /** resolve reads the entry at an offset of .debug_info; undefined when there is none. */
  resolve(offset: number): Die | undefined;
  /** typeAt returns where a type unit's type of this signature stands in .debug_info; undefined when there is none. */
  typeAt(signature: bigint): number | undefined;
}

/** Die is one debugging information entry: its shape and where each attribute lies, read when asked for. */
export interface Die {
  readonly unit: DebugUnit;
  readonly bytes: Bytes;
  /** at is where its code stands, counted from the unit's header. */
  readonly at: number;
  readonly shape: Shape;
  /** positions of the attributes' values, in the shape's order. */
  readonly positions: readonly number[];
  /** end is where the next entry begins. */
  readonly end: number;
}
