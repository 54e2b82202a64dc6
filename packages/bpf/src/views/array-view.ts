import { BpfError } from "../errors.js";

/** Access gives an element or field at a byte of the memory: a value, or a view moved there. */
export type Access<T> = (view: DataView, bytes: Uint8Array, at: number) => T;

/**
 * ArrayView is an array in the kernel's memory, in place: one object that is moved, like the view that it is
 * a field of. Elements that are structs are one view moved from element to element.
 */
export class ArrayView<T> {
  readonly length: number;
  readonly #stride: number;
  readonly #access: Access<T>;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Uint8Array = new Uint8Array(0);
  #offset = 0;

  /** `access` reads the element at a byte; eventView() is the usual way to get here. */
  constructor(length: number, stride: number, access: Access<T>) {
    this.length = length;
    this.#stride = stride;
    this.#access = access;
  }

  /** move sets the place of the first element and gives the array view itself. */
  move(view: DataView, bytes: Uint8Array, at: number): this {
    this.#view = view;
    this.#bytes = bytes;
    this.#offset = at;
    return this;
  }

  /** get gives an element. Throws BpfError `bad-argument` beyond the end. */
  get(index: number): T {
    if (index >= 0 && index < this.length && Number.isInteger(index)) {
      return this.#access(this.#view, this.#bytes, this.#offset + index * this.#stride);
    }
    throw new BpfError("bad-argument", `an array of ${this.length} elements has none with index ${index}`);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.length; i++) yield this.get(i);
  }
}
