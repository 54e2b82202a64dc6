import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { type ElfFile, openElf, readElf } from "@go3s/binary";

/** ZipMember is a file that stands uncompressed in a ZIP archive, as Android maps its libraries from there. */
export interface ZipMember {
  readonly archive: string;
  /** offset of its first byte in the archive. */
  readonly offset: number;
  readonly size: number;
}

// APPNOTE.TXT 4.3.16, 4.3.12 and 4.3.7: end of central directory, its entries, local headers.
const endSignature = 0x0605_4b50;
const entrySignature = 0x0201_4b50;
const localSignature = 0x0403_4b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
/** An archive's comment has at most 65,535 bytes. */
const tailBytes = 65_535 + endBytes;
const largestDirectory = 64 << 20;

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
}

/** zipMember finds ARCHIVE!/MEMBER; undefined for other paths, and for members that are compressed. */
export function zipMember(path: string): ZipMember | undefined {
  const cut = path.indexOf("!/");
  if (cut < 0) return undefined;
  const archive = path.slice(0, cut);
  const wanted = path.slice(cut + 2);
  const size = statSync(archive, { throwIfNoEntry: false })?.size ?? 0;
  if (size < endBytes) return undefined;
  const file = openSync(archive, "r");
  try {
    const tail = readAt(file, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
    let end = tail.length - endBytes;
    while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
    if (end < 0) return undefined;
    const directory = readAt(
      file,
      tail.readUInt32LE(end + 16),
      Math.min(tail.readUInt32LE(end + 12), largestDirectory),
    );
    for (let at = 0; at + entryBytes <= directory.length; ) {
      if (directory.readUInt32LE(at) !== entrySignature) return undefined;
      const nameLength = directory.readUInt16LE(at + 28);
      const name = directory.toString("utf8", at + entryBytes, at + entryBytes + nameLength);
      if (name === wanted) {
        const header = readAt(file, directory.readUInt32LE(at + 42), localBytes);
        if (directory.readUInt16LE(at + 10) !== 0 || header.length < localBytes) return undefined;
        if (header.readUInt32LE(0) !== localSignature) return undefined;
        const start = directory.readUInt32LE(at + 42) + localBytes;
        return {
          archive,
          offset: start + header.readUInt16LE(26) + header.readUInt16LE(28),
          size: directory.readUInt32LE(at + 24),
        };
      }
      at += entryBytes + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** openProgram opens a program or library, also one in an archive. The caller closes it. Throws BinaryError. */
export function openProgram(path: string): ElfFile {
  const member = zipMember(path);
  if (member === undefined) return openElf(path);
  return readElf(readFileSync(member.archive).subarray(member.offset, member.offset + member.size));
}
