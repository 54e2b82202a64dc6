import { type Leaf, shownText, shownTexts } from "./leaf.js";

/** CapturedValue is what an attribute becomes of a leaf. */
export type CapturedValue = string | number | bigint | boolean;

/**
 * NameOfTable names the dynamic type behind an interface's first word: a table of methods, or with `isType` the type itself; "" when
 * nobody knows.
 */
export type NameOfTable = (table: bigint, isType?: boolean) => string;

const utf8 = new TextDecoder("utf-8");

/** textOf decodes a string's captured bytes; a sign at its end says that there was more. */
function textOf(view: DataView, at: number, length: number, room: number): string {
  const kept = Math.min(length, room);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, kept);
  return length > room ? `${utf8.decode(bytes)}…` : utf8.decode(bytes);
}

function numberOf(view: DataView, at: number, kind: string, size: number): CapturedValue {
  switch (kind) {
    case "boolean":
      return view.getUint8(at) !== 0;
    case "float":
      return size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
    case "integer":
      if (size === 1) return view.getInt8(at);
      if (size === 2) return view.getInt16(at, true);
      return size === 4 ? view.getInt32(at, true) : view.getBigInt64(at, true);
    default:
      if (size === 1) return view.getUint8(at);
      if (size === 2) return view.getUint16(at, true);
      return size === 4 ? view.getUint32(at, true) : view.getBigUint64(at, true);
  }
}

/** Types whose first member is the message, a string: what is read there is not garbage. */
const messageFirst: ReadonlySet<string> = new Set([
  "*errors.errorString",
  "*fmt.wrapError",
  "*fmt.wrapErrors",
  "*errors.fundamental",
  "*github.com/pkg/errors.fundamental",
]);

/** leafValue reads a leaf's value where a record's words begin; undefined when it is not there. */
export function leafValue(
  leaf: Leaf,
  view: DataView,
  words: number,
  nameOf: NameOfTable,
): CapturedValue | undefined {
  const at = words + leaf.word * 8;
  if (leaf.guard !== undefined && view.getBigUint64(words + leaf.guard * 8, true) === 0n) return undefined;
  const first = view.getBigUint64(at, true);
  switch (leaf.kind) {
    case "text":
      return textOf(view, at + 8, Number(first), leaf.room);
    case "c-text": {
      if (first === 0n) return "NULL";
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 8, leaf.room);
      const end = bytes.indexOf(0);
      return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end));
    }
    case "pointer":
      return first === 0n ? "nil" : `0x${first.toString(16)}`;
    case "length":
      return first === 0n ? "nil" : `map of ${view.getBigUint64(at + 8, true)}`;
    case "bytes":
      return bytesOf(view, at + 8, Number(first), leaf.room);
    case "slice":
      return sliceOf(leaf, view, at, Number(first));
    case "texts":
      return textsOf(view, at, Number(first));
    case "array":
      return arrayOf(leaf, view, at);
    case "time":
      return timeOf(first, view.getBigInt64(at + 8, true));
    case "any":
    case "interface": {
      if (first === 0n) return "nil";
      const name = nameOf(first, leaf.kind === "any");
      return name === "" ? `0x${view.getBigUint64(at + 8, true).toString(16)}` : name;
    }
    case "error":
      return errorOf(leaf, view, at, nameOf)?.text ?? "nil";
    default:
      return numberOf(view, at, leaf.kind, leaf.size);
  }
}

/** CapturedError is an error that is not nil. */
export interface CapturedError {
  /** type is its dynamic type, "" when it is not known. */
  readonly type: string;
  /** text is its message where it is known, else its type. */
  readonly text: string;
}

/** errorOf reads an error leaf at its first word; undefined for nil. */
export function errorOf(
  leaf: Leaf,
  view: DataView,
  at: number,
  nameOf: NameOfTable,
): CapturedError | undefined {
  const table = view.getBigUint64(at, true);
  if (table === 0n) return undefined;
  const type = nameOf(table);
  if (!messageFirst.has(type)) return { type, text: type === "" ? "error" : type };
  return { type, text: textOf(view, at + 24, Number(view.getBigUint64(at + 16, true)), leaf.room) };
}

function bytesOf(view: DataView, at: number, length: number, room: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, Math.min(length, room));
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  const shown = isText ? bytes.toString("latin1") : bytes.toString("hex");
  return length > room ? `${shown}…` : shown;
}

function sliceOf({ element, room }: Leaf, view: DataView, at: number, length: number): string {
  if (element === undefined) return `${length} elements`;
  const kept = Math.min(length, Math.floor(room / element.size));
  const shown = Array.from({ length: kept }, (_, i) =>
    String(numberOf(view, at + 8 + i * element.size, element.kind, element.size)),
  );
  return `[${shown.join(" ")}${length > kept ? ` … ${length} in all` : ""}]`;
}

/** textsOf shows the first strings of a slice as Go's %q does. */
function textsOf(view: DataView, at: number, length: number): string {
  const each = 8 + shownText;
  const shown = Array.from({ length: Math.min(length, shownTexts) }, (_, i) => {
    const here = at + 8 + i * each;
    return JSON.stringify(textOf(view, here + 8, Number(view.getBigUint64(here, true)), shownText));
  });
  return `[${shown.join(" ")}${length > shown.length ? ` … ${length} in all` : ""}]`;
}

function arrayOf(leaf: Leaf, view: DataView, at: number): string {
  const isBytes = leaf.element?.kind === "unsigned" && leaf.element.size === 1;
  if (isBytes) return bytesOf(view, at, leaf.size, leaf.room);
  // As a slice, which has a word with its length before.
  return sliceOf(leaf, view, at - 8, leaf.size);
}

// time.Time counts seconds from year 1, or with the highest bit of wall set from 1885, in wall's bits 30 to 62.
const hasMonotonic = 1n << 63n;
const since1885 = 59453308800n;
const untilUnix = 62135596800n;

/** timeOf writes a time.Time as RFC 3339. */
function timeOf(wall: bigint, ext: bigint): string {
  const seconds = (wall & hasMonotonic) === 0n ? ext : since1885 + (((wall << 1n) >> 31n) & 0x1ffffffffn);
  const nanos = wall & 0x3fffffffn;
  const date = new Date(Number(seconds - untilUnix) * 1000);
  if (Number.isNaN(date.getTime())) return `${seconds - untilUnix} s`;
  const fraction = nanos === 0n ? "" : `.${nanos.toString().padStart(9, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, -5)}${fraction}Z`;
}
