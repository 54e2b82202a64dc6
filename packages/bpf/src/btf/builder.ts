import { BpfError } from "../errors.js";
import { ByteWriter } from "./byte-writer.js";
import { encodeType } from "./encode-type.js";
import { BTF_HEADER_BYTES, BTF_MAGIC } from "./kinds.js";
import type { BtfType } from "./types.js";

/** The kernel's limit of a name is KSYM_NAME_LEN; of the string section BTF_MAX_NAME_OFFSET (24 bits). */
const MAX_STRING_BYTES = 0xffffff;

/**
 * BtfBuilder collects BTF types and encodes them to the bytes of a `.BTF` section. Ids count from 1 in the
 * order of add(); 0 is void. A type that must be named before it is known (a struct that points to itself)
 * gets its id from reserve() and its value from define().
 */
export class BtfBuilder {
  readonly #types: (BtfType | undefined)[] = [];
  readonly #strings = new Map<string, number>([["", 0]]);
  readonly #text = new ByteWriter();
  readonly #encoder = new TextEncoder();

  constructor() {
    this.#text.bytes(new Uint8Array(1));
  }

  /** add appends a type and gives its id. */
  add(type: BtfType): number {
    return this.#types.push(type);
  }

  /** reserve gives an id whose type follows by define(). */
  reserve(): number {
    return this.#types.push(undefined);
  }

  /** define sets the type of a reserved id. Throws BpfError `bad-btf` when it is not reserved. */
  define(id: number, type: BtfType): void {
    if (id < 1 || id > this.#types.length || this.#types[id - 1] !== undefined) {
      throw new BpfError("bad-btf", `BTF id ${id} is not reserved`);
    }
    this.#types[id - 1] = type;
  }

  /** size is the number of types, void not counted. */
  get size(): number {
    return this.#types.length;
  }

  /** string gives the offset of a text in the string section, appending it when it is new. */
  string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#text.bytes(this.#encoder.encode(`${text}\0`));
    if (this.#text.length > MAX_STRING_BYTES) throw new BpfError("bad-btf", "BTF strings exceed 16 MiB");
    this.#strings.set(text, offset);
    return offset;
  }

  /**
   * encode gives the bytes of the `.BTF` section. Texts for `.BTF.ext` must have been added before.
   * Throws BpfError `bad-btf` for reserved ids without a type and references to ids that do not exist.
   */
  encode(): Uint8Array {
    const types = new ByteWriter();
    for (const [index, type] of this.#types.entries()) {
      if (type === undefined)
        throw new BpfError("bad-btf", `BTF id ${index + 1} was reserved, never defined`);
      encodeType(types, type, this.#types.length, (text) => this.string(text));
    }
    const text = this.#text.finish();
    const out = new ByteWriter();
    out.u16(BTF_MAGIC);
    out.u16(1); // version 1, flags 0
    out.u32(BTF_HEADER_BYTES);
    out.u32(0);
    out.u32(types.length);
    out.u32(types.length);
    out.u32(text.length);
    out.bytes(types.finish());
    out.bytes(text);
    return out.finish();
  }
}
