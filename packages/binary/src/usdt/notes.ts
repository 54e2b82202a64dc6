import { align, type Bytes, cString, sub, text, u32, u64OrInfinity } from "../bytes/view.js";
import { segmentFlag, segmentType } from "../elf/constants.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";

/** UsdtNote is one place in a program where a statically defined probe (USDT, `sys/sdt.h`) stands. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** address of the probe's instruction, corrected for prelinking. */
  readonly address: number;
  /** fileOffset is what a uprobe takes; undefined when no executable segment holds the address (a debug file). */
  readonly fileOffset: number | undefined;
  /** semaphoreAddress is the 16-bit counter that must be above zero for the probe to fire; undefined when it has none. */
  readonly semaphoreAddress: number | undefined;
  /** semaphoreOffset is the counter's file offset: perf_event_attr's ref_ctr_offset (Linux 4.20), uprobe_multi's ref_ctr_offsets. */
  readonly semaphoreOffset: number | undefined;
  /** arguments is the specification as the compiler wrote it, e.g. `-4@%edi 8@-8(%rbp)`; parseUsdtArguments reads it. */
  readonly arguments: string;
}

/** UsdtFilter picks notes; what is left out matches all. */
export interface UsdtFilter {
  readonly provider?: string;
  readonly name?: string;
}

/** The note's type for version 3 of sys/sdt.h, the only one since 2010. */
const noteType = 3;

function offsetIn(elf: ElfFile, address: number, executable: boolean): number | undefined {
  const load = elf.segments.find(
    (row) =>
      row.type === segmentType.LOAD &&
      (!executable || (row.flags & segmentFlag.EXEC) !== 0) &&
      address >= row.address &&
      address - row.address < row.fileSize,
  );
  return load === undefined ? undefined : load.offset + (address - load.address);
}

function noteOf(elf: ElfFile, description: Bytes, base: number | undefined): UsdtNote {
  // Three addresses (probe, base, semaphore), then provider, name and arguments, each with its NUL.
  const written = u64OrInfinity(description, 8);
  // Prelink moves .stapsdt.base with the code, but does not know of the note: the difference is what it moved by.
  const moved = base === undefined || written === 0 ? 0 : base - written;
  const address = u64OrInfinity(description, 0) + moved;
  const semaphore = u64OrInfinity(description, 16);
  const semaphoreAddress = semaphore === 0 ? undefined : semaphore + moved;
  const provider = cString(description, 24);
  // The texts are passed over by their NULs, not by their lengths: decoding broken UTF-8 changes those.
  const nameAt = description.data.indexOf(0, 24) + 1;
  const name = cString(description, nameAt);
  const argumentsAt = description.data.indexOf(0, nameAt) + 1;
  if (!Number.isSafeInteger(address) || address < 0) {
    throw new BinaryError("malformed", `${description.what}: a probe at an impossible address`, {
      offset: description.base,
    });
  }
  return {
    provider,
    name,
    address,
    fileOffset: offsetIn(elf, address, true),
    semaphoreAddress,
    semaphoreOffset: semaphoreAddress === undefined ? undefined : offsetIn(elf, semaphoreAddress, false),
    // A probe without arguments has an empty text; some writers leave even its NUL out.
    arguments: argumentsAt < description.data.length ? cString(description, argumentsAt) : "",
  };
}

/**
 * usdtNotes lists the probes of `.note.stapsdt` in the file's order; the same probe stands there once per place it was
 * compiled into. A file without any gives none. Throws BinaryError "malformed" or "truncated" with the note's offset.
 */
export function usdtNotes(elf: ElfFile, filter: UsdtFilter = {}): UsdtNote[] {
  const section = elf.section(".note.stapsdt");
  if (section === undefined) return [];
  const bytes = elf.sectionBytes(section);
  const base = elf.section(".stapsdt.base")?.address;
  const notes: UsdtNote[] = [];
  for (let at = 0; at + 12 <= bytes.data.length; ) {
    const nameSize = u32(bytes, at);
    const size = u32(bytes, at + 4);
    const owner = sub(bytes, at + 12, nameSize);
    const description = sub(bytes, at + 12 + align(nameSize, 4), size, ".note.stapsdt");
    const isProbe = u32(bytes, at + 8) === noteType && text(owner.data, 0, nameSize) === "stapsdt\0";
    at += 12 + align(nameSize, 4) + align(size, 4);
    if (!isProbe) continue;
    const note = noteOf(elf, description, base);
    if (filter.provider !== undefined && note.provider !== filter.provider) continue;
    if (filter.name === undefined || note.name === filter.name) notes.push(note);
  }
  return notes;
}
