import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { BinaryError } from "../errors.js";

/** ByteSource is a file's bytes, read by range so that a large executable is never held whole. */
export interface ByteSource {
  /** name is what error messages call the file. */
  readonly name: string;
  /** size in bytes. */
  readonly size: number;
  /** read returns exactly length bytes at offset, or throws BinaryError "truncated". The bytes must not be written to. */
  read(offset: number, length: number): Uint8Array;
  /** close releases the file; reading afterwards is an error. */
  close(): void;
}

/** largestRead bounds one range: Node refuses larger reads, and no section we use is near it. */
const largestRead = 0x7fff_ffff;

function check(source: { name: string; size: number }, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw new BinaryError(
      "truncated",
      `${source.name}: ${length} bytes wanted, the file has ${source.size}`,
      { offset },
    );
  }
  if (length > largestRead) {
    throw new BinaryError("too-large", `${source.name}: a range of ${length} bytes`, { offset });
  }
}

/** memorySource serves bytes that are in memory already; ranges are views, not copies. */
export function memorySource(bytes: Uint8Array, name = "bytes"): ByteSource {
  const self = {
    name,
    size: bytes.length,
    read(offset: number, length: number): Uint8Array {
      check(self, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    close(): void {},
  };
  return self;
}

/** fileSource opens the file at path; the caller closes it. Throws BinaryError "unreadable-file". */
export function fileSource(path: string): ByteSource {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw new BinaryError("unreadable-file", `cannot open ${path}`, { cause });
  }
  let open = true;
  const self = {
    name: path,
    size: 0,
    read(offset: number, length: number): Uint8Array {
      check(self, offset, length);
      const out = Buffer.allocUnsafeSlow(length);
      let got = 0;
      while (got < length) {
        let count: number;
        try {
          count = readSync(descriptor, out, got, length - got, offset + got);
        } catch (cause) {
          throw new BinaryError("unreadable-file", `cannot read ${path}`, { offset, cause });
        }
        if (count === 0)
          throw new BinaryError("truncated", `${path} became shorter while it was read`, {
            offset: offset + got,
          });
        got += count;
      }
      return out;
    },
    close(): void {
      if (open) closeSync(descriptor);
      open = false;
      descriptor = -1;
    },
  };
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new BinaryError("unreadable-file", `${path} is not a regular file`);
    self.size = stat.size;
  } catch (cause) {
    self.close();
    if (cause instanceof BinaryError) throw cause;
    throw new BinaryError("unreadable-file", `cannot stat ${path}`, { cause });
  }
  return self;
}
