import { inflateSync } from "node:zlib";
import { decompress as unzstd } from "fzstd";
import { type Bytes, bytesOf, need, u32, u64 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { entrySize } from "./constants.js";

/** largestInflated bounds what one section may become: a hostile header must not take the machine's memory. */
const largestInflated = 0x2000_0000;

/** smallestChunk is the least that Node takes: Z_MIN_CHUNK. */
const smallestChunk = 64;

/** Expand makes the bytes behind a header into size bytes. */
type Expand = (data: Uint8Array, size: number) => Uint8Array;

// In one piece: put together from Node's usual ones of 16 KB it takes half as long again.
const zlib: Expand = (data, size) =>
  inflateSync(data, { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size, smallestChunk) });
// The output buffer is given, so that a hostile frame cannot ask for more than the checked size.
const zstd: Expand = (data, size) => unzstd(data, new Uint8Array(size));

/** largestRatio: both formats can say "so many times the same" in a few bytes, but no real section shrinks 2,000-fold. */
const largestRatio = 2_000;

function expand(section: Bytes, header: number, size: number, by: "zlib" | "zstd"): Bytes {
  const packed = section.data.subarray(header);
  if (size > largestInflated || size > Math.max(0x10_0000, packed.length * largestRatio)) {
    throw new BinaryError("too-large", `${section.what}: ${size} bytes when decompressed`, {
      offset: section.base,
    });
  }
  let data: Uint8Array;
  try {
    data = (by === "zlib" ? zlib : zstd)(packed, size);
  } catch (cause) {
    throw new BinaryError("malformed", `${section.what}: its ${by} data is broken`, {
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

/** decompress undoes SHF_COMPRESSED: an Elf64_Chdr, then the data; ELFCOMPRESS_ZLIB is 1, ELFCOMPRESS_ZSTD 2. */
export function decompress(section: Bytes): Bytes {
  need(section, 0, entrySize.COMPRESSION);
  const type = u32(section, 0);
  const size = u64(section, 8);
  if (type === 1) return expand(section, entrySize.COMPRESSION, size, "zlib");
  if (type === 2) return expand(section, entrySize.COMPRESSION, size, "zstd");
  throw new BinaryError("unsupported-compression", `${section.what}: compressed by type ${type}`, {
    offset: section.base,
    hint: "link with zlib or zstd (--compress-debug-sections=zlib); everything but this section works",
  });
}

/** decompressOld undoes the GNU form before SHF_COMPRESSED: `ZLIB`, the size as a big-endian 64-bit number, the data. */
export function decompressOld(section: Bytes): Bytes {
  need(section, 0, 12);
  if (section.view.getUint32(0) !== 0x5a4c_4942) {
    throw new BinaryError("malformed", `${section.what}: does not begin with ZLIB`, { offset: section.base });
  }
  return expand(section, 12, section.view.getUint32(4) * 0x1_0000_0000 + section.view.getUint32(8), "zlib");
}
