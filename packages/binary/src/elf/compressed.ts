import { inflateSync } from "node:zlib";
import { type Bytes, bytesOf, need, u32, u64 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { entrySize } from "./constants.js";

/** largestInflated bounds what one section may become: a hostile header must not take the machine's memory. */
const largestInflated = 0x2000_0000;

function inflate(section: Bytes, header: number, size: number): Bytes {
  if (size > largestInflated) {
    throw new BinaryError("too-large", `${section.what}: ${size} bytes when decompressed`, {
      offset: section.base,
    });
  }
  let data: Uint8Array;
  try {
    data = inflateSync(section.data.subarray(header), { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw new BinaryError("malformed", `${section.what}: its zlib data is broken`, {
      offset: section.base,
      cause,
    });
  }
  if (data.length !== size) {
    throw new BinaryError(
      "malformed",
      `${section.what}: ${data.length} bytes after decompression, its header says ${size}`,
      {
        offset: section.base,
      },
    );
  }
  return bytesOf(data, 0, `${section.what} (decompressed)`);
}

/** decompress undoes SHF_COMPRESSED (an Elf64_Chdr, then the data). Throws for zstd, which Node 20 does not have. */
export function decompress(section: Bytes): Bytes {
  need(section, 0, entrySize.COMPRESSION);
  const type = u32(section, 0);
  const size = u64(section, 8);
  if (type === 1) return inflate(section, entrySize.COMPRESSION, size);
  const name = type === 2 ? "zstd" : `type ${type}`;
  throw new BinaryError("unsupported-compression", `${section.what}: compressed by ${name}`, {
    offset: section.base,
    hint: "link with zlib (--compress-debug-sections=zlib) or without compression; everything but this section works",
  });
}

/** decompressOld undoes the GNU form before SHF_COMPRESSED: `ZLIB`, the size as a big-endian 64-bit number, the data. */
export function decompressOld(section: Bytes): Bytes {
  need(section, 0, 12);
  if (section.view.getUint32(0) !== 0x5a4c_4942) {
    throw new BinaryError("malformed", `${section.what}: does not begin with ZLIB`, { offset: section.base });
  }
  return inflate(section, 12, section.view.getUint32(4) * 0x1_0000_0000 + section.view.getUint32(8));
}
