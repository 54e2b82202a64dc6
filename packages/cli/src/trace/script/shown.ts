import { type Shape, shapeBytes } from "@go3s/lang";
import type { Clocks } from "./clocks.js";
import { readComposite } from "./composite.js";
import { lateValue } from "./late-values.js";
import type { Symbols } from "./symbols.js";
import { formatTime } from "./time-format.js";

/** Shown is a value of a script as text and as JSON has it, with what it sorts by. */
export interface Shown {
  readonly text: string;
  readonly json: unknown;
  readonly order: bigint | string;
  /** bytes of a buffer, for %rx and %rh. */
  readonly bytes?: Uint8Array;
}

/** Reader turns bytes of maps and events into values. */
export interface Reader {
  /** read shows a value; stacks are indented by so many blanks. */
  read(shape: Shape, bytes: Uint8Array, offset: number, indent: number): Shown;
}

const decoder = new TextDecoder();

/** textAt gives the text up to the first NUL. */
export function textAt(
  bytes: Uint8Array,
  offset: number,
  size: number,
  cut = Number.POSITIVE_INFINITY,
  trailer = "",
): string {
  const end = bytes.indexOf(0, offset);
  const last = end < 0 || end > offset + size ? offset + size : end;
  return last - offset < cut
    ? decoder.decode(bytes.subarray(offset, last))
    : `${decoder.decode(bytes.subarray(offset, offset + cut))}${trailer}`;
}

const number = (value: bigint): Shown => ({ text: value.toString(), json: value, order: value });
const plain = (text: string): Shown => ({ text, json: text, order: text });

/** newReader reads values; symbols are only looked up when a value needs them. */
export function newReader(symbols: Symbols, clocks: Clocks, trailer: string): Reader {
  const reader: Reader = {
    read(shape, bytes, offset, indent) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (offset + shapeBytes(shape) > bytes.length) return plain("");
      switch (shape.kind) {
        case "int": {
          const value = shape.signed ? view.getBigInt64(offset, true) : view.getBigUint64(offset, true);
          const name = shape.names?.get(value);
          return name === undefined ? number(value) : { text: name, json: value, order: value };
        }
        case "bool":
        case "pointer":
        case "record":
        case "array":
        case "tuple":
          return readComposite(shape, bytes, offset, (inner, all, at) => reader.read(inner, all, at, indent));
        case "text":
          return plain(textAt(bytes, offset, shape.size, shape.cut, trailer));
        case "kstack":
          return plain(symbols.kernelStack(view.getInt32(offset, true), shape, indent));
        case "ustack": {
          const pid = view.getUint32(offset + 4, true);
          return plain(symbols.userStack(view.getInt32(offset, true), pid, shape, indent));
        }
        case "ksym":
          return plain(symbols.kernel(view.getBigUint64(offset, true)));
        case "usym":
          return plain(
            symbols.user(view.getBigUint64(offset, true), Number(view.getBigUint64(offset + 8, true))),
          );
        case "late":
          return lateValue(shape, bytes, offset);
        case "strftime":
          return plain(formatTime(shape.format, clocks.wall(view.getBigUint64(offset, true), shape.clock)));
      }
    },
  };
  return reader;
}
