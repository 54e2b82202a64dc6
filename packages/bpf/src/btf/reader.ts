import { BpfError } from "../errors.js";
import { decodeType } from "./decode-type.js";
import { BTF_HEADER_BYTES, BTF_MAGIC, BTF_TYPE_BYTES, BtfKind } from "./kinds.js";
import { typeOffsets, wordsOf } from "./offsets.js";
import type { BtfType } from "./types.js";

/** Names are at most KSYM_NAME_LEN (512) in the kernel; those of C++ and Rust may be longer. */
const MAX_TEXT_BYTES = 4096;

/** Decoded types that are kept: programs ask for few types often, a struct of the kernel has hundreds of members. */
const MAX_DECODED = 512;

/** Answers that are kept, for the same reason. */
const MAX_FOUND = 512;

/** How many modifiers and typedefs are followed before BTF is called circular; the kernel's own limit. */
const MAX_DEPTH = 32;

function broken(why: string, offset: number): never {
  throw new BpfError("bad-btf", `broken BTF: ${why}`, { offset });
}

/** Places of a text that are worth asking the index one by one: more come only of names that are made to be slow. */
const FEW_NAMES = 128;

const NUL = Uint8Array.of(0);

/**
 * String sections from here on are a kernel's, whose linker keeps each text once (pahole, libbpf's strset): the first
 * place of a name is the only one. Smaller ones are searched whole, for compilers may keep a text twice or share its end.
 */
const LARGE_STRINGS = 1 << 20;

interface NameIndex {
  readonly heads: Int32Array;
  readonly next: Int32Array;
  readonly mask: number;
}

/** slotAt finds a type's number by its place, undefined where none begins. */
function slotAt(offsets: Uint32Array, place: number): number | undefined {
  let low = 0;
  let high = offsets.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const there = offsets[middle] ?? 0;
    if (there === place) return middle;
    if (there < place) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Fibonacci hashing of a name's place: places are multiples of nothing, so that few fall together. */
function hashPlace(place: number): number {
  return Math.imul(place, 0x9e3779b1) >>> 8;
}

/** Searches for names that go over the types; then an index is made, which costs a new process as much as five of them. */
const WALKS = 5;

/**
 * Btf reads BTF without turning its types into objects: a table of offsets is made first, an index of names after a
 * few searches, a type's value when it is asked for. For the kernel's 5.5 MB that is 1 to 4 ms, 1 ms a search, and
 * 3 ms. Ids, names and lengths are checked, for objects come from anywhere.
 */
export class Btf {
  readonly bytes: Uint8Array;
  /** The BTF this one continues, for modules. */
  readonly base: Btf | undefined;
  /** The first id that is in these bytes: 1, or the number of the base's types and void. */
  readonly firstId: number;
  readonly #view: DataView;
  readonly #typesAt: number;
  readonly #typesLength: number;
  readonly #strings: Uint8Array;
  readonly #stringsBase: number;
  #offsets: Uint32Array | undefined;
  readonly #decoded = new Map<number, BtfType>();
  /** Answers of find(): programs of one object ask for the same few names again and again. */
  readonly #found = new Map<string, number[]>();
  #index: NameIndex | undefined;
  #walks = 0;

  /**
   * Throws BpfError `bad-btf` with the offset when the bytes are not BTF. `later` looks at the types only when one is
   * asked for: for the kernel's, which are whole, and which most programs never ask.
   */
  constructor(bytes: Uint8Array, base?: Btf, later = false) {
    this.bytes = bytes;
    this.base = base;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < BTF_HEADER_BYTES) broken(`${bytes.length} bytes are no header`, 0);
    const magic = this.#view.getUint16(0, true);
    if (magic !== BTF_MAGIC) {
      broken(magic === 0x9feb ? "it is big-endian" : `the magic number is 0x${magic.toString(16)}`, 0);
    }
    const header = this.#view.getUint32(4, true);
    const [typesAt, typesLength, stringsAt, stringsLength] = [8, 12, 16, 20].map((at) =>
      this.#view.getUint32(at, true),
    );
    if (typesAt === undefined || typesLength === undefined) broken("no header", 0);
    if (stringsAt === undefined || stringsLength === undefined) broken("no header", 0);
    if (header + typesAt + typesLength > bytes.length) broken("types reach beyond its end", 8);
    if (header + stringsAt + stringsLength > bytes.length) broken("strings reach beyond its end", 16);
    this.#typesAt = header + typesAt;
    this.#strings = bytes.subarray(header + stringsAt, header + stringsAt + stringsLength);
    this.#stringsBase = base === undefined ? 0 : base.#stringsBase + base.#strings.length;
    this.firstId = base?.endId ?? 1;
    this.#typesLength = typesLength;
    if (!later) this.#table();
  }

  /** endId is one more than the highest id. */
  get endId(): number {
    return this.firstId + this.#table().length;
  }

  /** kind gives a type's BtfKind; void is 0. Throws `bad-btf` for an id that does not exist. */
  kind(id: number): number {
    return id === 0 ? BtfKind.VOID : (this.#word(id, 4) >>> 24) & 0x1f;
  }

  /** name gives a type's name, "" for those without one. */
  name(id: number): string {
    return id === 0 ? "void" : this.string(this.#word(id, 0));
  }

  /** type gives one type as a value. Throws BpfError `bad-btf`. */
  type(id: number): BtfType {
    if (id === 0) throw new BpfError("bad-btf", "void has no BTF value");
    if (this.base !== undefined && id < this.firstId) return this.base.type(id);
    const known = this.#decoded.get(id);
    if (known !== undefined) return known;
    const type = decodeType(this.#view, this.offsetOf(id), (offset) => this.string(offset));
    if (this.#decoded.size >= MAX_DECODED) this.#decoded.clear();
    this.#decoded.set(id, type);
    return type;
  }

  /** string gives the text at an offset of the string section. Throws `bad-btf` for one of more than 4,096 bytes. */
  string(offset: number): string {
    const [text, isWhole] = this.#text(offset);
    if (!isWhole) broken(`the text at ${offset} has more than ${MAX_TEXT_BYTES} bytes or no end`, offset);
    return text;
  }

  /** line gives a line of source text, its first 4,096 bytes when it is longer. */
  line(offset: number): string {
    return this.#text(offset)[0];
  }

  // Bounded: texts may overlap, so that a small file could hold endless ones.
  #text(offset: number): readonly [text: string, isWhole: boolean] {
    if (offset < this.#stringsBase && this.base !== undefined) return this.base.#text(offset);
    const start = offset - this.#stringsBase;
    if (start >= this.#strings.length) broken(`no string at ${offset}`, offset);
    const most = this.#strings.subarray(start, start + MAX_TEXT_BYTES + 1);
    const end = most.indexOf(0);
    const length = end < 0 ? most.length - 1 : end;
    const text = Buffer.from(most.buffer, most.byteOffset, Math.max(length, 0)).toString("utf8");
    return [text, end >= 0];
  }

  /** textAt gives the place in `bytes` of the text at an offset of the string section. */
  textAt(offset: number): number {
    return this.#strings.byteOffset - this.bytes.byteOffset + offset - this.#stringsBase;
  }

  /**
   * findByText gives the ids of the types in these bytes whose names hold a text: a search of the string
   * section, then of the index for a few names, else of all name fields, 4 to 10 ms for the kernel's types.
   */
  findByText(text: string): number[] {
    const strings = Buffer.from(this.#strings.buffer, this.#strings.byteOffset, this.#strings.length);
    const names = new Set<number>();
    for (let at = strings.indexOf(text); at >= 0; at = strings.indexOf(text, at + 1)) {
      names.add(this.#stringsBase + strings.lastIndexOf(0, at) + 1);
    }
    return names.size <= FEW_NAMES ? this.#byNames(names) : this.#withNames(names);
  }

  /** hasText tells whether a text stands in these bytes, without a look at the types: 0.3 ms for the kernel's. */
  hasText(text: string): boolean {
    const strings = Buffer.from(this.#strings.buffer, this.#strings.byteOffset, this.#strings.length);
    return strings.includes(`\0${text}\0`);
  }

  /** A walk over all types, for names that might share their places in the index. */
  #withNames(names: ReadonlySet<number>): number[] {
    const ids: number[] = [];
    const offsets = this.#table();
    for (let slot = 0; slot < offsets.length; slot++) {
      if (names.has(this.#view.getUint32(offsets[slot] ?? 0, true))) ids.push(this.firstId + slot);
    }
    return ids;
  }

  /**
   * A search of all words for one name's place: what is found is a name where a type begins. Undefined when most of it
   * is something else, for low places look like ids of types.
   */
  #withName(name: number): number[] | undefined {
    const offsets = this.#table();
    const words = wordsOf(this.#section());
    const ids: number[] = [];
    let others = 0;
    for (let at = words.indexOf(name); at >= 0; at = words.indexOf(name, at + 1)) {
      const slot = slotAt(offsets, this.#typesAt + at * 4);
      if (slot !== undefined) ids.push(this.firstId + slot);
      else if (++others > FEW_NAMES) return undefined;
    }
    return ids;
  }

  #byNames(names: ReadonlySet<number>): number[] {
    if (names.size === 0) return [];
    const [first] = names;
    if (this.#index === undefined && names.size === 1 && first !== undefined && this.#walks++ < WALKS) {
      const ids = this.#withName(first);
      if (ids !== undefined) return ids;
    }
    this.#index ??= this.#buildIndex();
    const offsets = this.#table();
    const { heads, next, mask } = this.#index;
    const ids: number[] = [];
    for (const name of names) {
      for (let slot = heads[hashPlace(name) & mask] ?? -1; slot >= 0; slot = next[slot] ?? -1) {
        if (this.#view.getUint32(offsets[slot] ?? 0, true) === name) ids.push(this.firstId + slot);
      }
    }
    return ids.sort((a, b) => a - b);
  }

  /** Where a text stands, NUL behind it: types of split BTF take names of its base too. */
  #placesOf(text: Uint8Array, into: Set<number>): Set<number> {
    if (this.base !== undefined) this.base.#placesOf(text, into);
    const strings = Buffer.from(this.#strings.buffer, this.#strings.byteOffset, this.#strings.length);
    const isLarge = strings.length >= LARGE_STRINGS;
    const needle = Buffer.concat(isLarge ? [NUL, text, NUL] : [text, NUL]);
    for (let at = strings.indexOf(needle); at >= 0; at = strings.indexOf(needle, at + 1)) {
      into.add(this.#stringsBase + at + (isLarge ? 1 : 0));
      if (isLarge) break;
    }
    return into;
  }

  /**
   * find gives the ids of all types of a name, lowest first, of one kind when it is given; the base's before
   * those of a module.
   */
  find(name: string, kind?: number): number[] {
    const key = `${kind ?? ""} ${name}`;
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#search(name, kind);
      if (this.#found.size >= MAX_FOUND) this.#found.clear();
      this.#found.set(key, found);
    }
    return [...found];
  }

  #search(name: string, kind: number | undefined): number[] {
    const found = this.base?.find(name, kind) ?? [];
    const wanted = new TextEncoder().encode(name);
    if (wanted.length === 0 || wanted.length > MAX_TEXT_BYTES || wanted.includes(0)) return found;
    const places = this.#placesOf(wanted, new Set());
    for (const id of places.size <= FEW_NAMES ? this.#byNames(places) : this.#withNames(places)) {
      if (kind === undefined || this.kind(id) === kind) found.push(id);
    }
    return found;
  }

  /** findOne gives the first type of a name and kind, undefined when there is none. */
  findOne(name: string, kind: number): number | undefined {
    return this.find(name, kind)[0];
  }

  /** findEnumerator gives the first enum that has a value of a name: a walk over all types, some 3 ms for the kernel's. */
  findEnumerator(name: string): number | undefined {
    const inBase = this.base?.findEnumerator(name);
    if (inBase !== undefined) return inBase;
    const places = this.#placesOf(new TextEncoder().encode(name), new Set());
    if (places.size === 0) return undefined;
    const offsets = this.#table();
    for (let slot = 0; slot < offsets.length; slot++) {
      const at = offsets[slot] ?? 0;
      const info = this.#view.getUint32(at + 4, true);
      const kind = (info >>> 24) & 0x1f;
      if (kind !== BtfKind.ENUM && kind !== BtfKind.ENUM64) continue;
      const step = kind === BtfKind.ENUM ? 8 : 12;
      const end = at + BTF_TYPE_BYTES + step * (info & 0xffff);
      for (let each = at + BTF_TYPE_BYTES; each < end; each += step)
        if (places.has(this.#view.getUint32(each, true))) return this.firstId + slot;
    }
    return undefined;
  }

  /** resolve follows typedefs, const, volatile, restrict and type tags. Throws `bad-btf` when they run in a circle. */
  resolve(id: number): number {
    let at = id;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const kind = this.kind(at);
      const isWrapper =
        kind === BtfKind.TYPEDEF ||
        kind === BtfKind.CONST ||
        kind === BtfKind.VOLATILE ||
        kind === BtfKind.RESTRICT ||
        kind === BtfKind.TYPE_TAG;
      if (!isWrapper) return at;
      at = this.#word(at, 8);
    }
    return broken(`type ${id} refers to itself`, 0);
  }

  /** sizeOf gives a type's size in bytes. Throws `bad-btf` for types without one. */
  sizeOf(id: number): number {
    let elements = 1;
    let at = id;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      at = this.resolve(at);
      switch (this.kind(at)) {
        case BtfKind.PTR:
          return 8 * elements;
        case BtfKind.INT:
        case BtfKind.STRUCT:
        case BtfKind.UNION:
        case BtfKind.ENUM:
        case BtfKind.ENUM64:
        case BtfKind.FLOAT:
        case BtfKind.DATASEC:
          return this.#word(at, 8) * elements;
        case BtfKind.ARRAY:
          elements *= this.#word(at, BTF_TYPE_BYTES + 8);
          if (elements > 2 ** 32) broken(`type ${id} has more than 4 Gi elements`, 0);
          at = this.#word(at, BTF_TYPE_BYTES);
          break;
        case BtfKind.VAR:
          at = this.#word(at, 8);
          break;
        default:
          return broken(`type ${id} has no size`, 0);
      }
    }
    return broken(`type ${id} contains itself`, 0);
  }

  /** offsetOf gives the place of a type in `bytes`. Throws `bad-btf` for an id that is not in these bytes. */
  offsetOf(id: number): number {
    const offset = (this.#offsets ?? this.#table())[id - this.firstId];
    if (offset === undefined) broken(`there is no type ${id}`, 0);
    return offset;
  }

  #word(id: number, at: number): number {
    if (this.base !== undefined && id < this.firstId) return this.base.#word(id, at);
    return this.#view.getUint32(this.offsetOf(id) + at, true);
  }

  #section(): Uint8Array {
    return this.bytes.subarray(this.#typesAt, this.#typesAt + this.#typesLength);
  }

  #table(): Uint32Array {
    this.#offsets ??= typeOffsets(this.#section(), this.#typesAt);
    return this.#offsets;
  }

  #buildIndex(): NameIndex {
    const offsets = this.#table();
    const count = offsets.length;
    const mask = 2 ** Math.max(4, Math.ceil(Math.log2(count + 1))) - 1;
    const heads = new Int32Array(mask + 1).fill(-1);
    const next = new Int32Array(count).fill(-1);
    // From the last to the first, so that each chain gives the lowest id first.
    for (let slot = count - 1; slot >= 0; slot--) {
      const name = this.#view.getUint32(offsets[slot] ?? 0, true);
      if (name === 0) continue;
      const hash = hashPlace(name) & mask;
      next[slot] = heads[hash] ?? -1;
      heads[hash] = slot;
    }
    return { heads, next, mask };
  }
}
