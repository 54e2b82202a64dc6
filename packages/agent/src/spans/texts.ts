import { Buffer } from "node:buffer";

/** Texts gives texts of records as strings; those that come again are the same objects, whose hashes are known. */
export interface Texts {
  /** of gives bytes[start, start + length) as UTF-8. */
  of(bytes: Uint8Array, start: number, length: number): string;
}

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

// Programs say the same few hundred statements and routes; one place for each hash, so that literals in texts cost their places alone.
const places = 2048;
// Longer texts are hashed by their ends only, and compared whole.
const hashed = 64;

/** newTexts makes one that knows none. */
export function newTexts(): Texts {
  const known: (Known | undefined)[] = new Array(places).fill(undefined);

  return {
    of(bytes, start, length) {
      if (length === 0) return "";
      let hash = length;
      for (let i = Math.max(start, start + length - hashed); i < start + length; i++)
        hash = (Math.imul(hash, 31) + bytes[i]) | 0;
      const place = (hash ^ (hash >>> 15)) & (places - 1);
      const found = known[place];
      if (found !== undefined && isSame(found.bytes, bytes, start, length)) return found.text;
      const own = bytes.slice(start, start + length);
      const text = Buffer.from(own.buffer, own.byteOffset, length).toString("utf8");
      known[place] = { bytes: own, text };
      return text;
    },
  };
}

function isSame(own: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (own.length !== length) return false;
  for (let i = 0; i < length; i++) if (own[i] !== bytes[start + i]) return false;
  return true;
}
