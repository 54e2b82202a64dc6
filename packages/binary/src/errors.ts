/** binaryErrorCodes lists every code a BinaryError carries, with what it means in one line. */
export const binaryErrorCodes = {
  "not-elf": "the file does not begin with the ELF magic",
  "unsupported-elf":
    "an ELF file of a class, byte order or version that is not read: only 64-bit little-endian is",
  truncated: "a structure reaches beyond the end of the file or of its section",
  malformed: "a field holds a value that its format does not allow",
  "too-large": "a number or a size beyond what is handled (2^53 for addresses, 2 GiB for one section)",
  "unsupported-compression": "a section is compressed in a way that is not undone: zlib and zstd are",
  "unreadable-file": "the operating system refused to open or read the file",
  "not-go": "the file carries no Go function table",
  "unsupported-go": "the Go function table is of a release that is not read (1.16 to 1.27 are)",
  "unsupported-machine": "instructions of this machine are not decoded: x86-64 and arm64 are",
  "no-dwarf": "the file carries no DWARF debug information",
  "unsupported-dwarf": "DWARF of a version or form that is not read: 4 and 5 are",
  "no-process": "a process's memory map cannot be read: it has ended, or belongs to another user",
  "bad-spec": "the description given to a writer contradicts itself: a bug of the caller",
} as const;

/** BinaryErrorCode is one of the keys of binaryErrorCodes. */
export type BinaryErrorCode = keyof typeof binaryErrorCodes;

/** BinaryErrorDetails says where in the file the trouble is and what can be done about it. */
export interface BinaryErrorDetails {
  /** offset in bytes from the start of the file or, for decompressed data, of the section. */
  readonly offset?: number;
  /** hint says what to do. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** BinaryError is the one error this package throws for a file it cannot use. */
export class BinaryError extends Error {
  readonly code: BinaryErrorCode;
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(code: BinaryErrorCode, message: string, details: BinaryErrorDetails = {}) {
    const where = details.offset === undefined ? "" : ` (at offset 0x${details.offset.toString(16)})`;
    super(message + where, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BinaryError";
    this.code = code;
    this.offset = details.offset;
    this.hint = details.hint;
  }
}
