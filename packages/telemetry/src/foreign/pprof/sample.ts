import type { WireReader } from "../../wire/reader.js";
import { WIRE } from "../../wire/types.js";

/** Label is a Label message: key, text, number (low and high half), unit. */
export type Label = readonly [key: number, text: number, lo: number, hi: number, unit: number];

/** labelOf reads a Label message that has been entered. */
export function labelOf(reader: WireReader): Label {
  const words: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field > 4) {
      reader.skip();
      continue;
    }
    reader.expect(WIRE.VARINT, field);
    reader.varint64();
    if (field === 3) {
      words[2] = reader.lo;
      words[3] = reader.hi;
    } else words[field === 4 ? 4 : field - 1] = reader.lo;
  }
  return words;
}

/** eachNumber reads a repeated integer field, packed or not, and calls `each` with the reader's lo and hi set. */
export function eachNumber(reader: WireReader, each: () => void): void {
  if (reader.wireType === WIRE.VARINT) {
    reader.varint64();
    each();
    return;
  }
  reader.expect(WIRE.BYTES, 1);
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    reader.varint64();
    each();
  }
  reader.leave(outer);
}

/** valueAt gives one of a sample's values as halves. */
export function valueAt(reader: WireReader, wanted: number): readonly [number, number] {
  let at = 0;
  let lo = 0;
  let hi = 0;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 2) reader.skip();
    else
      eachNumber(reader, () => {
        if (at++ === wanted) {
          lo = reader.lo;
          hi = reader.hi;
        }
      });
  }
  return [lo, hi];
}
