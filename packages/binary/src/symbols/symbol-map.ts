import { addressSpan, orderOf } from "../bytes/order.js";

/** SymbolAt is the symbol that an address belongs to. */
export interface SymbolAt {
  /** name as the linker knows it; displayName makes it readable. */
  readonly name: string;
  /** start is the symbol's address, offset the distance from it. */
  readonly start: number;
  /** size in bytes; 0 when the file does not say, then it reaches to the next symbol. */
  readonly size: number;
  readonly offset: number;
  /** module is the kernel module, undefined for the kernel itself and for files. */
  readonly module?: string;
}

/** SymbolMap answers which function an address is in. It holds numbers in flat arrays: 12 bytes a symbol besides names. */
export interface SymbolMap {
  readonly count: number;
  /** heldBytes is the memory that the map keeps. */
  readonly heldBytes: number;
  /** at returns the symbol at an address; undefined when none covers it. */
  at(address: number): SymbolAt | undefined;
  /** entry returns symbol index in the order of addresses. */
  entry(index: number): SymbolAt;
}

/** Names turns a symbol's name number into text. */
export interface Names {
  readonly heldBytes: number;
  name(number: number): string;
  module?(number: number): string | undefined;
}

/** lookBack bounds how many symbols before an address are asked whether they reach it: a small one can lie in a large one. */
const lookBack = 8;

/** SymbolCollector takes symbols in any order into growing columns: no object a symbol. */
export interface SymbolCollector {
  count(): number;
  /** add takes a symbol; of several at one address the one with the highest rank (0 to 255) is kept. */
  add(start: number, size: number, name: number, rank: number): void;
  /** finish sorts, keeps the best symbol of each address, and leaves the columns to the map. */
  finish(names: Names): SymbolMap;
}

interface Columns {
  starts: Float64Array;
  sizes: Uint32Array;
  names: Uint32Array;
  ranks: Uint8Array;
}

function columnsOf(capacity: number): Columns {
  return {
    starts: new Float64Array(capacity),
    sizes: new Uint32Array(capacity),
    names: new Uint32Array(capacity),
    ranks: new Uint8Array(capacity),
  };
}

function mapOf(
  count: number,
  startOf: (index: number) => number,
  sizes: Uint32Array,
  nameNumbers: Uint32Array,
  names: Names,
  heldBytes: number,
): SymbolMap {
  const entry = (index: number, address: number): SymbolAt => {
    const start = startOf(index);
    const number = nameNumbers[index] ?? 0;
    const module = names.module?.(number);
    return {
      name: names.name(number),
      start,
      size: sizes[index] ?? 0,
      offset: address - start,
      ...(module === undefined ? {} : { module }),
    };
  };
  return {
    count,
    heldBytes,
    entry(index) {
      if (!(index >= 0 && index < count)) throw new RangeError(`symbol ${index} of ${count}`);
      return entry(index, startOf(index));
    },
    at(address) {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (startOf(middle) <= address) low = middle + 1;
        else high = middle;
      }
      for (let index = low - 1; index >= 0 && index >= low - lookBack; index--) {
        const size = sizes[index] ?? 0;
        // A symbol without a size reaches to the next one only.
        if (size === 0 ? index === low - 1 : address - startOf(index) < size) return entry(index, address);
      }
      return undefined;
    },
  };
}

/** startsFrom is outside the collector, so that a map does not keep alive what was collected: 17 bytes a symbol. */
function startsFrom(starts: Uint32Array | Float64Array, lowest: number): (index: number) => number {
  return (index) => lowest + (starts[index] ?? 0);
}

/** collectSymbols makes a collector; capacity is a guess that spares copying. */
export function collectSymbols(capacity = 1_024): SymbolCollector {
  let columns = columnsOf(Math.max(16, capacity));
  let count = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  return {
    count: () => count,
    add(start, size, name, rank) {
      if (count === columns.starts.length) {
        const larger = columnsOf(count * 2);
        larger.starts.set(columns.starts);
        larger.sizes.set(columns.sizes);
        larger.names.set(columns.names);
        larger.ranks.set(columns.ranks);
        columns = larger;
      }
      columns.starts[count] = start;
      columns.sizes[count] = Math.min(size, 0xffff_ffff);
      columns.names[count] = name;
      columns.ranks[count] = rank;
      count++;
      if (start < lowest) lowest = start;
      if (start > highest) highest = start;
    },
    finish(names) {
      const order = orderOf(columns.starts, count);
      let kept = 0;
      for (const row of order) {
        const before = order[kept - 1] ?? 0;
        // The order array is overwritten from its start: what is kept never passes what is read.
        if (kept > 0 && columns.starts[before] === columns.starts[row]) {
          if ((columns.ranks[row] ?? 0) > (columns.ranks[before] ?? 0)) order[kept - 1] = row;
        } else order[kept++] = row;
      }
      const rows = order.subarray(0, kept);
      const sizes = Uint32Array.from(rows, (row) => columns.sizes[row] ?? 0);
      const nameNumbers = Uint32Array.from(rows, (row) => columns.names[row] ?? 0);
      const narrow = highest - lowest < addressSpan;
      const startOf = narrow
        ? startsFrom(
            Uint32Array.from(rows, (row) => (columns.starts[row] ?? 0) - lowest),
            lowest,
          )
        : startsFrom(
            Float64Array.from(rows, (row) => columns.starts[row] ?? 0),
            0,
          );
      const held = kept * (narrow ? 12 : 16) + names.heldBytes;
      return mapOf(kept, startOf, sizes, nameNumbers, names, held);
    },
  };
}
