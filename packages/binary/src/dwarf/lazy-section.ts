import { type Bytes, bytesOf, sub } from "../bytes/view.js";
import { decompressOld } from "../elf/compressed.js";
import { sectionFlag, sectionType } from "../elf/constants.js";
import type { ElfFile, ElfSection } from "../elf/read.js";

/** LazySection is a debug section of which only what is asked for is read; a compressed one is undone whole, once. */
export interface LazySection {
  readonly what: string;
  /** size in bytes when decompressed; 0 for a section that is not there. */
  size(): number;
  /** piece returns length bytes at offset; offsets in the piece count from its start. */
  piece(offset: number, length: number): Bytes;
  /** whole returns all of it, kept from then on. */
  whole(): Bytes;
}

/** memorySection serves bytes that are held already. */
export function memorySection(bytes: Bytes): LazySection {
  return {
    what: bytes.what,
    size: () => bytes.data.length,
    piece: (offset, length) => sub(bytes, offset, length),
    whole: () => bytes,
  };
}

function rawSection(elf: ElfFile, section: ElfSection): LazySection {
  let kept: Bytes | undefined;
  const self: LazySection = {
    what: section.name,
    size: () => section.size,
    piece(offset, length) {
      // The section's own bounds are checked here: the source only knows the file's.
      if (kept !== undefined || !(offset >= 0 && length >= 0 && offset + length <= section.size)) {
        return sub(self.whole(), offset, length);
      }
      const at = section.offset + offset;
      return bytesOf(elf.source.read(at, length), at, section.name);
    },
    whole() {
      kept ??= elf.sectionBytes(section);
      return kept;
    },
  };
  return self;
}

function packedSection(what: string, unpack: () => Bytes): LazySection {
  let kept: Bytes | undefined;
  const whole = () => {
    kept ??= unpack();
    return kept;
  };
  return {
    what,
    size: () => whole().data.length,
    piece: (offset, length) => sub(whole(), offset, length),
    whole,
  };
}

/** debugSection finds `.debug_NAME`, or the older compressed `.zdebug_NAME`; a missing one is empty. */
export function debugSection(elf: ElfFile, name: string): LazySection {
  const section = elf.section(`.debug_${name}`);
  if (section !== undefined && section.type !== sectionType.NOBITS) {
    const packed = Math.floor(section.flags / sectionFlag.COMPRESSED) % 2 === 1;
    return packed ? packedSection(section.name, () => elf.sectionBytes(section)) : rawSection(elf, section);
  }
  const old = elf.section(`.zdebug_${name}`);
  if (old !== undefined) return packedSection(old.name, () => decompressOld(elf.sectionBytes(old)));
  return memorySection(bytesOf(new Uint8Array(0), 0, `.debug_${name} (missing)`));
}
