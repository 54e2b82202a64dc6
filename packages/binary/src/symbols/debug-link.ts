import { existsSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { crc32 } from "node:zlib";
import type { ByteSource } from "../bytes/source.js";
import { align, cString, u32 } from "../bytes/view.js";
import { type ElfFile, openElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";

/** DebugLink names the file that a program's debug information was moved to (`objcopy --add-gnu-debuglink`). */
export interface DebugLink {
  readonly name: string;
  /** checksum is the CRC-32 of the whole file. */
  readonly checksum: number;
}

/** DebugFileOptions says where separate debug files lie. */
export interface DebugFileOptions {
  /** path of the program in its own mount namespace; the name of the ElfFile's source when left out. */
  readonly path?: string;
  /** roots are file trees to look in, "" for this process's own; a container's is /proc/PID/root. */
  readonly roots?: readonly string[];
}

/** debugFolder is where distributions install debug files. */
const debugFolder = "/usr/lib/debug";

/** chunk is read at once for the checksum. */
const chunk = 0x40_0000;

/** largestDebugFile bounds what is read for a checksum: 4 GiB. */
const largestDebugFile = 0x1_0000_0000;

/** debugLink reads `.gnu_debuglink`: a name with its NUL, padding to 4 bytes, the checksum. Undefined when there is none. */
export function debugLink(elf: ElfFile): DebugLink | undefined {
  const section = elf.section(".gnu_debuglink");
  if (section === undefined) return undefined;
  const bytes = elf.sectionBytes(section);
  const name = cString(bytes, 0);
  if (name === "" || name.includes("/")) {
    throw new BinaryError("malformed", `.gnu_debuglink: the name ${JSON.stringify(name)}`, {
      offset: bytes.base,
    });
  }
  return { name, checksum: u32(bytes, align(bytes.data.indexOf(0) + 1, 4)) };
}

function checksumOf(source: ByteSource): number {
  let sum = 0;
  for (let at = 0; at < source.size; at += chunk) {
    sum = crc32(source.read(at, Math.min(chunk, source.size - at)), sum);
  }
  return sum;
}

/** opened opens a candidate; a file that cannot be used is as good as none. */
function opened(path: string, accept: (elf: ElfFile) => boolean): ElfFile | undefined {
  if (!existsSync(path)) return undefined;
  let elf: ElfFile | undefined;
  try {
    elf = openElf(path);
    if (accept(elf)) return elf;
  } catch (error) {
    elf?.close();
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
  elf.close();
  return undefined;
}

/**
 * openDebugFile finds a program's separate debug file: by build id under /usr/lib/debug/.build-id, then by its debug link
 * beside the program, in .debug, and under /usr/lib/debug. What is found must have the same build id, or the checksum that
 * the link asks for. Undefined when there is none. The caller closes it.
 */
export function openDebugFile(elf: ElfFile, options: DebugFileOptions = {}): ElfFile | undefined {
  const id = elf.gnuBuildId();
  const roots = options.roots ?? [""];
  if (id !== undefined && id.length > 2) {
    for (const root of roots) {
      const place = `${root}${debugFolder}/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
      const found = opened(place, (file) => file.gnuBuildId() === id);
      if (found !== undefined) return found;
    }
  }
  const link = debugLink(elf);
  if (link === undefined) return undefined;
  const folder = dirname(options.path ?? elf.source.name);
  const places = [
    join(folder, link.name),
    join(folder, ".debug", link.name),
    join(debugFolder, folder, link.name),
  ];
  for (const root of roots) {
    for (const place of places) {
      const found = opened(root + place, (file) => {
        // Reading two hundred megabytes for a sum is spared where the build ids tell enough.
        if (id !== undefined && file.gnuBuildId() !== undefined) return file.gnuBuildId() === id;
        return file.source.size <= largestDebugFile && checksumOf(file.source) === link.checksum;
      });
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
