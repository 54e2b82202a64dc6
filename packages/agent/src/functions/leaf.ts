/** LeafKind says how the words of a leaf are read back. */
export type LeafKind =
  | "integer"
  | "unsigned"
  | "boolean"
  | "float"
  | "pointer"
  | "text"
  | "c-text"
  | "slice"
  | "bytes"
  | "length"
  | "error"
  | "interface"
  /** An interface without methods: its first word is the type itself. */
  | "any"
  /** A slice of strings: its length, then the first few, each a length and text. */
  | "texts"
  /** An array of numbers: what it holds begins with the first word. */
  | "array"
  /** time.Time: its words wall and ext. */
  | "time";

/** Leaf is one value of a record: a number in a word of 8 bytes, or a few words and text behind them. */
export interface Leaf {
  /** name as the attribute has it, behind `go3s.arg.` or `go3s.result.`: "order.ID". */
  readonly name: string;
  readonly kind: LeafKind;
  /** size of a number in bytes; of an array, how many elements it has. */
  readonly size: number;
  /** word is the index of its first word in the record's data. */
  readonly word: number;
  /** room for text in bytes, behind its words. */
  readonly room: number;
  /** element describes a slice's or an array's. */
  readonly element:
    | { readonly kind: "integer" | "unsigned" | "float" | "boolean"; readonly size: number }
    | undefined;
  /** guard is the word that holds the pointer which this leaf was reached by; nothing is there when it is nil. */
  readonly guard: number | undefined;
}

/** shownTexts is how many strings of a slice are read, and shownText how much of each, in bytes. */
export const shownTexts = 3;
export const shownText = 32;
