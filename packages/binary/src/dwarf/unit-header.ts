import { type Bytes, need, u8, u16, u32, u64 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";

/** Unit is a compilation unit's header. */
export interface Unit {
  /** start is the header's offset in .debug_info: references within the unit count from it. */
  readonly start: number;
  /** entries is where the first entry begins. */
  readonly entries: number;
  readonly end: number;
  readonly version: number;
  /** offsetSize is 4, or 8 in 64-bit DWARF. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
  readonly abbreviationsAt: number;
  /** kind is a unitKind; COMPILE before DWARF 5. */
  readonly kind: number;
  /** type is a type unit's signature and where in .debug_info its type stands (DWARF 5; version 4 has another section). */
  readonly type: { readonly signature: bigint; readonly at: number } | undefined;
  /** splitId joins a skeleton with its split unit (DWARF 5 has it in the header). */
  readonly splitId: bigint | undefined;
}

/** unitKind is DW_UT_*, DWARF 5, section 7.5.1. */
export const unitKind = { COMPILE: 1, TYPE: 2, PARTIAL: 3, SKELETON: 4, SPLIT: 5, SPLIT_TYPE: 6 } as const;

/** longestUnitHeader is enough to parse any header: 12 bytes of length, 4 + 8 of others, 16 of a type unit's. */
export const longestUnitHeader = 40;

/** checkAddressSize refuses what no 64- or 32-bit machine has: a size of 0 would make lists of addresses endless. */
function checkAddressSize(bytes: Bytes, at: number): number {
  const size = u8(bytes, at);
  if (size === 4 || size === 8) return size;
  throw new BinaryError("unsupported-dwarf", `${bytes.what}: addresses of ${size} bytes`, {
    offset: bytes.base + at,
  });
}

/**
 * readUnitHeader reads the header that begins at offset `at` of bytes; start is the same place counted in the section,
 * which has size bytes.
 */
export function readUnitHeader(bytes: Bytes, at: number, start: number, size: number): Unit {
  const first = u32(bytes, at);
  const offsetSize = first === 0xffff_ffff ? 8 : 4;
  const length = offsetSize === 8 ? u64(bytes, at + 4) : first;
  const prefix = offsetSize === 8 ? 12 : 4;
  const end = start + prefix + length;
  if (end > size || length < 7) {
    throw new BinaryError("truncated", `${bytes.what}: a unit of ${length} bytes`, {
      offset: bytes.base + at,
    });
  }
  const body = at + prefix;
  const version = u16(bytes, body);
  const read = (offset: number) => (offsetSize === 8 ? u64(bytes, offset) : u32(bytes, offset));
  if (version === 4 || version === 3 || version === 2) {
    return {
      start,
      entries: start + prefix + 3 + offsetSize,
      end,
      version,
      offsetSize,
      addressSize: checkAddressSize(bytes, body + 2 + offsetSize),
      abbreviationsAt: read(body + 2),
      kind: unitKind.COMPILE,
      type: undefined,
      splitId: undefined,
    };
  }
  if (version !== 5) {
    throw new BinaryError("unsupported-dwarf", `${bytes.what}: a unit of DWARF version ${version}`, {
      offset: bytes.base + body,
    });
  }
  const kind = u8(bytes, body + 2);
  const fixed = 4 + offsetSize;
  const isSplit = kind === unitKind.SKELETON || kind === unitKind.SPLIT;
  const isType = kind === unitKind.TYPE || kind === unitKind.SPLIT_TYPE;
  if (isSplit || isType) need(bytes, body + fixed, 8);
  const id = isSplit || isType ? bytes.view.getBigUint64(body + fixed, true) : undefined;
  return {
    start,
    entries: start + prefix + fixed + (isSplit ? 8 : 0) + (isType ? 8 + offsetSize : 0),
    end,
    version,
    offsetSize,
    addressSize: checkAddressSize(bytes, body + 3),
    abbreviationsAt: read(body + 4),
    kind,
    type: isType && id !== undefined ? { signature: id, at: start + read(body + fixed + 8) } : undefined,
    splitId: isSplit ? id : undefined,
  };
}
