// The global Buffer is a getter, which showed in profiles of the hot path; the imported one is not.
import { Buffer } from "node:buffer";

/** Texts gives captured bytes as text. */
interface Texts {
  of(memory: Uint8Array, start: number, length: number): string;
}

// Texts that come again and again: methods, user agents, hosts, most paths.
const textSlots = 1024;

/**
 * newTexts gives texts without making the same one twice, as long as no other has its place: comparing 40 bytes costs less than
 * making a string of them.
 */
export function newTexts(): Texts {
  const slots: (string | undefined)[] = new Array<string | undefined>(textSlots).fill(undefined);
  const same = (known: string, memory: Uint8Array, start: number): boolean => {
    for (let i = 0; i < known.length; i++) if (known.charCodeAt(i) !== memory[start + i]) return false;
    return true;
  };
  return {
    of(memory, start, length) {
      const middle = (memory[start + (length >> 1)] ?? 0) * 31;
      const slot =
        ((memory[start + length - 1] ?? 0) * 7 + middle + (memory[start] ?? 0) + length * 131) &
        (textSlots - 1);
      const known = slots[slot];
      if (known !== undefined && known.length === length && same(known, memory, start)) return known;
      const made = Buffer.from(memory.buffer, memory.byteOffset + start, length).toString("utf8");
      slots[slot] = made;
      return made;
    },
  };
}
