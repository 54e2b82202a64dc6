import { bigReader, type Layout, plainReader } from "@go3s/bpf";
import { AgentError } from "../errors.js";

/** Scalar is what an attribute can hold. */
export type Scalar = string | number | bigint | boolean;

/** FieldReader reads one field of a key or record in memory; the memory is given at its start. */
export interface FieldReader {
  /** scalar gives the value as an attribute has it: bytes are text up to a NUL, or hex when they are none. */
  scalar(view: DataView, at: number): Scalar;
  /** number gives an integer as a double; times and counts pass 2^53 after 104 days and 9 x 10^15. */
  number(view: DataView, at: number): number;
}

/** fieldReader finds a field by its path; "" is the whole value. Throws AgentError `bad-annotation`. */
export function fieldReader(layout: Layout, path: string): FieldReader {
  let offset = 0;
  let found = layout;
  for (const name of path === "" ? [] : path.split(".")) {
    const fields: readonly { readonly name: string; readonly offset: number; readonly layout: Layout }[] =
      "fields" in found ? found.fields : [];
    const field = fields.find((each) => each.name === name);
    if (field === undefined) {
      throw new AgentError(
        "bad-annotation",
        `a telemetry annotation names the field ${path}, which is not there`,
        {
          hint: "build the object again with go3s build",
        },
      );
    }
    offset += field.offset;
    found = field.layout;
  }
  const { size } = found;
  const signed = (found.kind === "int" || found.kind === "enum") && found.signed;
  const number = numberReader(size, signed);
  const scalar = scalarReader(found, number);
  return {
    scalar: (view, at) => scalar(view, at + offset),
    number: (view, at) => number(view, at + offset),
  };
}

function numberReader(size: number, signed: boolean): (view: DataView, at: number) => number {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed ? (view, at) => view.getInt16(at, true) : (view, at) => view.getUint16(at, true);
    case 4:
      return signed ? (view, at) => view.getInt32(at, true) : (view, at) => view.getUint32(at, true);
    case 8:
      return signed
        ? (view, at) => view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32
        : (view, at) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    default:
      return () => 0;
  }
}

function scalarReader(layout: Layout, number: FieldReader["number"]): FieldReader["scalar"] {
  const { size } = layout;
  switch (layout.kind) {
    case "bool":
      return (view, at) => view.getUint8(at) !== 0;
    case "int":
    case "pointer":
      return size === 8 ? bigReader(8, layout.kind === "int" && layout.signed) : number;
    case "enum": {
      const names = new Map(layout.values.map((each) => [Number(each.value), each.name]));
      return (view, at) => names.get(number(view, at)) ?? number(view, at);
    }
    case "text":
    case "bytes":
      return (view, at) => textOrHex(new Uint8Array(view.buffer, view.byteOffset + at, size));
    default: {
      const read = plainReader(layout);
      return (view, at) => JSON.stringify(read(view, at), jsonValue);
    }
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** textOrHex takes bytes up to the first NUL for text when they can be shown, all of them for a number otherwise. */
function textOrHex(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const used = end < 0 ? bytes : bytes.subarray(0, end);
  const isEmpty = end === 0 && bytes.every((each) => each === 0);
  if (isEmpty) return "";
  if (end !== 0 && used.every((each) => each >= 0x20 || each === 9 || each === 10)) {
    try {
      return strict.decode(used);
    } catch {
      // Not UTF-8: shown as bytes.
    }
  }
  return Buffer.from(bytes).toString("hex");
}
