import { align, type Bytes, sub, text, u32 } from "../bytes/view.js";

/** ElfNote is one entry of a note section. */
export interface ElfNote {
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
}

/** notesOf reads a note section or segment: name size, description size, type, then both, padded to 4 bytes. */
export function notesOf(bytes: Bytes): ElfNote[] {
  const notes: ElfNote[] = [];
  let at = 0;
  // Fewer than 12 bytes left is padding.
  while (at + 12 <= bytes.data.length) {
    const nameSize = u32(bytes, at);
    const size = u32(bytes, at + 4);
    const name = sub(bytes, at + 12, nameSize);
    const description = sub(bytes, at + 12 + align(nameSize, 4), size);
    // Go counts its padding into the name ("Go\0\0", 4 bytes), so every NUL at the end goes.
    let end = nameSize;
    while (end > 0 && name.data[end - 1] === 0) end--;
    notes.push({ name: text(name.data, 0, end), type: u32(bytes, at + 8), description: description.data });
    at += 12 + align(nameSize, 4) + align(size, 4);
  }
  return notes;
}
