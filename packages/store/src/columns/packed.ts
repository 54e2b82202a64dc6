import { Dictionary } from "./dictionary.js";
import type { Mark, NativeColumn } from "./native-column.js";
import { WordColumn } from "./word.js";

/** TERMINATOR ends each key and each value of a row: a byte that no UTF-8 has, so that one split takes them apart (schema/rows.sql). */
export const TERMINATOR = 0xff;
/** REPLACEMENT is what a byte 255 becomes, which only a text that is no UTF-8 has: U+FFFD. */
const REPLACEMENT = [0xef, 0xbf, 0xbd] as const;
const FIRST_BYTES = 64 * 1024;
/** Up to this length a loop over words beats TypedArray.set; see string.ts. */
const LOOP_BYTES = 96;
/**
 * TYPE_LETTERS names a value's type by its field in OTLP's AnyValue: none, string, bool, int, double, array, kvlist, bytes. A row's letters
 * stand behind the last TERMINATOR of its keys, where nothing that splits keys looks; a row of texts alone has none, as those of schema 4 and 5.
 */
export const TYPE_LETTERS = "nsbidakx";
/** TEXT_TYPE is the field of a string. */
export const TEXT_TYPE = 1;
/** A list's key is its number times eight, and the type. */
const TYPE_BITS = 3;
/** A row's length is written when the row ends, into four bytes that were left for it: a varint may be longer than it must. */
const LENGTH_BYTES = 4;
const FIRST_LISTS = 64;

/** lettersOf gives the letters of a row's types: none where all are texts. */
export function lettersOf(types: readonly number[]): string {
  return types.every((type) => type === TEXT_TYPE) ? "" : types.map((type) => TYPE_LETTERS[type]).join("");
}

/** PackedKeysColumn holds the keys of a row, and their values' types, as one word; the same few lists of keys come again and again. */
export class PackedKeysColumn extends WordColumn {
  private readonly names = new Dictionary();
  /** Lists are nodes of a tree, 0 is the empty one: the list before its last key, that key, and its number as a word, -1 when it has none yet. */
  private parents = new Int32Array(FIRST_LISTS);
  private keys = new Int32Array(FIRST_LISTS);
  private words = new Int32Array(FIRST_LISTS);
  /** nexts[list] is the list that came of it last time. */
  private nexts = new Int32Array(FIRST_LISTS);
  /** others finds a list by the one before it and the key, for each type. */
  private readonly others = Array.from(TYPE_LETTERS, () => new Map<number, number>());
  private lists = 1;
  private list = 0;
  private previous = 0;
  private namesMark = 1;

  /** pushKey adds bytes[start, end) to the row's keys; `type` is the field of AnyValue that its value has. */
  pushKey(bytes: Uint8Array, view: DataView, start: number, end: number, type: number): void {
    const name = this.names.numberAfter(this.previous, bytes, view, start, end);
    this.previous = name;
    const key = (name << TYPE_BITS) | type;
    const next = this.nexts[this.list];
    this.list = next !== 0 && this.keys[next] === key ? next : this.listAfter(this.list, key);
  }

  /** current is the row's list of keys so far, until the block or the request ends: what `goOn` goes on from. */
  get current(): number {
    return this.list;
  }

  /** goOn makes the row's keys those of a list that `current` gave. */
  goOn(list: number): void {
    this.list = list;
    this.previous = list === 0 ? 0 : this.keys[list] >> TYPE_BITS;
  }

  /** endRow makes a row of the keys pushed since the last one. */
  endRow(): void {
    const { list } = this;
    const known = this.words[list];
    this.push(known >= 0 ? known : this.name(list));
    this.goOn(0);
  }

  override mark(mark: Mark): void {
    super.mark(mark);
    if (mark === 0) this.namesMark = this.names.size;
  }

  override rollback(mark: Mark): void {
    super.rollback(mark);
    if (mark === 0) {
      // The words that lists are known by may have gone with the request.
      this.names.truncate(this.namesMark);
      this.forget();
    }
    this.goOn(0);
  }

  override reset(): void {
    super.reset();
    this.names.reset();
    this.forget();
    this.goOn(0);
  }

  private forget(): void {
    this.lists = 1;
    this.nexts[0] = 0;
    for (const each of this.others) each.clear();
  }

  private listAfter(list: number, key: number): number {
    // Lists and names are below 2^26: a block is bounded to fewer attributes.
    const pair = list * 0x4000000 + (key >> TYPE_BITS);
    const others = this.others[key & 7];
    let found = others.get(pair);
    if (found === undefined) {
      found = this.lists++;
      if (found === this.parents.length) this.growLists();
      this.parents[found] = list;
      this.keys[found] = key;
      this.words[found] = -1;
      this.nexts[found] = 0;
      others.set(pair, found);
    }
    this.nexts[list] = found;
    return found;
  }

  /** name puts a list's text into the column's dictionary. */
  private name(list: number): number {
    const keys: number[] = [];
    for (let at = list; at !== 0; at = this.parents[at]) keys.push(this.keys[at]);
    const text: number[] = [];
    for (const key of keys.reverse()) {
      for (const byte of this.names.textOf(key >> TYPE_BITS)) {
        if (byte === TERMINATOR) text.push(...REPLACEMENT);
        else text.push(byte);
      }
      text.push(TERMINATOR);
    }
    const letters = lettersOf(keys.map((key) => key & 7));
    for (let i = 0; i < letters.length; i++) text.push(letters.charCodeAt(i));
    const bytes = Uint8Array.from(text);
    const word = this.dictionary.numberOf(bytes, new DataView(bytes.buffer), 0, bytes.length);
    this.words[list] = word;
    return word;
  }

  private growLists(): void {
    const larger = (from: Int32Array) => {
      const to = new Int32Array(from.length * 2);
      to.set(from);
      return to;
    };
    this.parents = larger(this.parents);
    this.keys = larger(this.keys);
    this.words = larger(this.words);
    this.nexts = larger(this.nexts);
  }
}

/** PackedValuesColumn holds the values of a row one behind the other, each with TERMINATOR: String. */
export class PackedValuesColumn implements NativeColumn {
  readonly type = "String";
  rows = 0;
  private data = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.data.buffer);
  /** Where the row begins that is being put together: four bytes for its length, then its values. */
  private start = 0;
  private at = LENGTH_BYTES;
  private readonly rowMarks: [number, number] = [0, 0];
  private readonly byteMarks: [number, number] = [0, 0];

  prefixLength(): number {
    return 0;
  }

  writePrefix(_target: Uint8Array, at: number): number {
    return at;
  }

  /** dataLength counts values of a row that has not ended, too: they take room. */
  dataLength(): number {
    return this.at - LENGTH_BYTES;
  }

  writeData(target: Uint8Array, at: number): number {
    target.set(this.data.subarray(0, this.start), at);
    return at + this.start;
  }

  mark(mark: Mark): void {
    this.rowMarks[mark] = this.rows;
    this.byteMarks[mark] = this.start;
  }

  rollback(mark: Mark): void {
    this.rows = this.rowMarks[mark];
    this.start = this.byteMarks[mark];
    this.at = this.start + LENGTH_BYTES;
  }

  reset(): void {
    this.rows = 0;
    this.start = 0;
    this.at = LENGTH_BYTES;
  }

  /** endRow makes a row of the values pushed since the last one. */
  endRow(): void {
    const { data, start, at } = this;
    const length = at - start - LENGTH_BYTES;
    data[start] = (length & 0x7f) | 0x80;
    data[start + 1] = ((length >>> 7) & 0x7f) | 0x80;
    data[start + 2] = ((length >>> 14) & 0x7f) | 0x80;
    data[start + 3] = length >>> 21;
    this.rows++;
    this.start = at;
    this.reserve(LENGTH_BYTES);
    this.at = at + LENGTH_BYTES;
  }

  /** rowStart is where the first value of the row is that has not ended. */
  get rowStart(): number {
    return this.start + LENGTH_BYTES;
  }

  /** dropRow takes the values of that row out again. */
  dropRow(): void {
    this.at = this.start + LENGTH_BYTES;
  }

  /** position is where the next value begins; copyFrom copies what came since. */
  get position(): number {
    return this.at;
  }

  /** copyFrom copies what was pushed since `position` was `start`. */
  copyFrom(start: number, into: Uint8Array): void {
    into.set(this.data.subarray(start, this.at));
  }

  /** pushPacked appends values as copyFrom gave them: the first `length` bytes. */
  pushPacked(values: Uint8Array, length: number): void {
    this.reserve(length);
    this.data.set(length === values.length ? values : values.subarray(0, length), this.at);
    this.at += length;
  }

  /** push appends bytes[start, end) as one value; `source` shows the same memory. */
  push(bytes: Uint8Array, source: DataView, start: number, end: number): void {
    const length = end - start;
    this.reserve(length + 1);
    const { data, at: from } = this;
    let at = from;
    this.at = at + length + 1;
    data[this.at - 1] = TERMINATOR;
    if (length > LOOP_BYTES) {
      const value = bytes.subarray(start, end);
      data.set(value, at);
      if (value.includes(TERMINATOR)) this.replace(from);
      return;
    }
    let odd = 0;
    if (length < 4) {
      for (let i = start; i < end; i++, at++) {
        const byte = bytes[i];
        data[at] = byte;
        if (byte === TERMINATOR) odd = -1;
      }
      if (odd !== 0) this.replace(from);
      return;
    }
    // Four bytes at a time, the last four maybe twice; a byte 255 is a byte 0 of the complement (Hacker's Delight, 6-1).
    const { view } = this;
    const last = end - 4;
    for (let i = start; i < last; i += 4, at += 4) {
      const four = source.getInt32(i, true);
      odd |= (~four - 0x01010101) & four;
      view.setInt32(at, four, true);
    }
    const four = source.getInt32(last, true);
    odd |= (~four - 0x01010101) & four;
    view.setInt32(from + length - 4, four, true);
    if ((odd & 0x80808080) !== 0) this.replace(from);
  }

  /** pushEmpty appends the empty value. */
  pushEmpty(): void {
    this.reserve(1);
    this.data[this.at++] = TERMINATOR;
  }

  /** pushText appends a JavaScript string in UTF-8. */
  pushText(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.push(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
  }

  /** pushDecimal appends an integer of 0 to 2^31 - 1 in decimal digits. */
  pushDecimal(value: number): void {
    this.reserve(12);
    const { data, at } = this;
    let digits = 1;
    for (let rest = (value / 10) | 0; rest !== 0; rest = (rest / 10) | 0) digits++;
    let rest = value;
    for (let i = at + digits - 1; i >= at; i--) {
      const tenth = (rest / 10) | 0;
      data[i] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    data[at + digits] = TERMINATOR;
    this.at = at + digits + 1;
  }

  /** replace puts the last value, which begins at `from`, right: it has a byte 255. */
  private replace(from: number): void {
    const value = this.data.slice(from, this.at - 1);
    this.at = from;
    this.reserve(value.length * REPLACEMENT.length + 1);
    for (const byte of value) {
      if (byte !== TERMINATOR) this.data[this.at++] = byte;
      else for (const each of REPLACEMENT) this.data[this.at++] = each;
    }
    this.data[this.at++] = TERMINATOR;
  }

  private reserve(more: number): void {
    if (this.at + more <= this.data.length) return;
    const larger = new Uint8Array(Math.max(this.at + more, this.data.length * 2));
    larger.set(this.data.subarray(0, this.at));
    this.data = larger;
    this.view = new DataView(larger.buffer);
  }
}
