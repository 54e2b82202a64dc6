import { type Bytes, cString, need, text, u8, u16, u32, u64 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { entrySize } from "./constants.js";

/** ElfSymbol is one row of a symbol table. */
export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** binding is a symbolBinding value. */
  readonly binding: number;
  /** type is a symbolType value. */
  readonly type: number;
  readonly visibility: number;
  /** section is a section's index or one of sectionIndex. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** SymbolTable reads symbols one at a time: a large executable has hundreds of thousands. */
export interface SymbolTable extends Iterable<ElfSymbol> {
  readonly count: number;
  /** at returns symbol index (0 is the null symbol). */
  at(index: number): ElfSymbol;
  /** find returns the first symbol of exactly this name; the bytes are searched, no index is built. */
  find(name: string): ElfSymbol | undefined;
}

/** symbolTableOf reads the entries with their string table; both stay bytes. */
export function symbolTableOf(entries: Bytes, strings: Bytes): SymbolTable {
  const count = Math.floor(entries.data.length / entrySize.SYMBOL);
  const at = (index: number): ElfSymbol => {
    const base = index * entrySize.SYMBOL;
    need(entries, base, entrySize.SYMBOL);
    const info = u8(entries, base + 4);
    const name = u32(entries, base);
    return {
      index,
      name: name === 0 ? "" : cString(strings, name),
      binding: info >> 4,
      type: info & 0xf,
      visibility: u8(entries, base + 5) & 3,
      section: u16(entries, base + 6),
      value: u64(entries, base + 8),
      size: u64(entries, base + 16),
    };
  };
  return {
    count,
    at(index) {
      if (index < 0 || index >= count) {
        throw new BinaryError("malformed", `${entries.what}: symbol ${index} of ${count}`, {
          offset: entries.base,
        });
      }
      return at(index);
    },
    find(name) {
      const wanted = Buffer.from(name, "utf8");
      if (wanted.length === 0 || wanted.includes(0)) return undefined;
      for (let i = 1; i < count; i++) {
        const start = entries.view.getUint32(i * entrySize.SYMBOL, true);
        const end = start + wanted.length;
        // Two bytes decide nearly always; the text is only made for the rest.
        if (start === 0 || end >= strings.data.length || strings.data[end] !== 0) continue;
        if (strings.data[start] !== wanted[0] || text(strings.data, start, end) !== name) continue;
        return at(i);
      }
      return undefined;
    },
    *[Symbol.iterator]() {
      for (let i = 1; i < count; i++) yield at(i);
    },
  };
}
