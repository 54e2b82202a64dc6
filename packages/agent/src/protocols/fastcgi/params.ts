import { latin1, u32 } from "../text.js";

/** Params are the names and values that a request's PARAMS records have together. */
export interface Params {
  /** add takes what was captured of a record's content of `length` bytes. */
  add(bytes: Uint8Array, start: number, end: number, length: number): void;
  /** of gives a value, "" where there is none or it was not captured. */
  of(name: string): string;
  /** isWhole says that nothing was missed. */
  isWhole(): boolean;
}

// A pair that goes on in the next record; heads are not longer (nginx: four buffers of 8 KiB).
const longestRest = 32_768;
// Values that anybody asks for; a cookie may be longer.
const longestValue = 8192;

/** newParams has none yet; `wanted` are the names whose values are kept. */
export function newParams(wanted: ReadonlySet<string>): Params {
  const values = new Map<string, string>();
  let rest = Buffer.alloc(0);
  let isWhole = true;

  /** length reads a length of one or four bytes at `at` (section 3.4); undefined when it is not there. */
  const length = (
    bytes: Buffer,
    at: number,
  ): { readonly value: number; readonly next: number } | undefined => {
    const first = bytes[at];
    if (first === undefined) return undefined;
    if (first < 0x80) return { value: first, next: at + 1 };
    return at + 4 > bytes.length ? undefined : { value: u32(bytes, at) & 0x7fffffff, next: at + 4 };
  };

  return {
    add(bytes, start, end, size) {
      if (!isWhole) return;
      const piece = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
      const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let at = 0;
      for (;;) {
        const name = length(all, at);
        const value = name && length(all, name.next);
        if (name === undefined || value === undefined) break;
        const stop = value.next + name.value + value.value;
        if (stop > all.length) break;
        const text = latin1(all, value.next, value.next + name.value);
        if (wanted.has(text) && value.value <= longestValue)
          values.set(text, all.toString("utf8", value.next + name.value, stop));
        at = stop;
      }
      isWhole = end - start >= size && all.length - at <= longestRest;
      rest = isWhole ? Buffer.from(all.subarray(at)) : Buffer.alloc(0);
    },
    of: (name) => values.get(name) ?? "",
    isWhole: () => isWhole,
  };
}
