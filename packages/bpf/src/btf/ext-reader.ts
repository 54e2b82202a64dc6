import { BpfError } from "../errors.js";
import type { CoreRelocation, FuncInfo, LineInfo, SectionInfo } from "./ext-encoder.js";
import { BTF_MAGIC, CoreKind, type CoreKindId } from "./kinds.js";
import type { Btf } from "./reader.js";

const CORE_KINDS: ReadonlyMap<number, CoreKindId> = new Map(
  Object.values(CoreKind).map((kind) => [kind, kind]),
);

/** LineRecord is a line info with the offsets of its texts, which the kernel gets them by. */
export interface LineRecord extends LineInfo {
  readonly fileOffset: number;
  readonly textOffset: number;
}

/** ExtSection is what `.BTF.ext` tells of one program section. */
export interface ExtSection extends SectionInfo {
  readonly lines: readonly LineRecord[];
}

interface Building {
  functions: FuncInfo[];
  lines: LineRecord[];
  relocations: CoreRelocation[];
}

function broken(why: string, offset: number): never {
  throw new BpfError("bad-btf", `broken .BTF.ext: ${why}`, { offset });
}

/** readBtfExt reads a `.BTF.ext` section, by name of program section. Throws BpfError `bad-btf`. */
export function readBtfExt(bytes: Uint8Array, btf: Btf): Map<string, ExtSection> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24 || view.getUint16(0, true) !== BTF_MAGIC) broken("no header", 0);
  const header = view.getUint32(4, true);
  if (header < 24 || header > bytes.length) broken(`a header of ${header} bytes`, 4);
  const sections = new Map<string, Building>();

  const readPart = (at: number, least: number, add: (into: Building, record: number) => void): void => {
    // Objects of LLVM before 9 have a shorter header, without the part of CO-RE.
    if (at + 8 > header) return;
    const start = header + view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    if (length === 0) return;
    if (start + length > bytes.length || length < 4) broken("a part reaches beyond its end", at);
    const recordBytes = view.getUint32(start, true);
    if (recordBytes < least) broken(`records of ${recordBytes} bytes`, start);
    const end = start + length;
    for (let next = start + 4; next < end; ) {
      if (next + 8 > end) broken("a section is cut off", next);
      const name = btf.string(view.getUint32(next, true));
      const count = view.getUint32(next + 4, true);
      next += 8;
      if (count * recordBytes > end - next) broken("records are cut off", next);
      const into = sections.get(name) ?? { functions: [], lines: [], relocations: [] };
      sections.set(name, into);
      for (let i = 0; i < count; i++, next += recordBytes) add(into, next);
    }
  };

  readPart(8, 8, (into, at) => {
    into.functions.push({ offset: view.getUint32(at, true), type: view.getUint32(at + 4, true) });
  });
  // A few files and lines stand in thousands of records.
  const files = new Map<number, string>();
  const texts = new Map<number, string>();
  const once = (known: Map<number, string>, offset: number, read: (offset: number) => string): string => {
    const text = known.get(offset) ?? read(offset);
    known.set(offset, text);
    return text;
  };
  readPart(16, 16, (into, at) => {
    const [fileOffset, textOffset] = [view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    const place = view.getUint32(at + 12, true);
    into.lines.push({
      offset: view.getUint32(at, true),
      file: once(files, fileOffset, (offset) => btf.string(offset)),
      text: once(texts, textOffset, (offset) => btf.line(offset)),
      line: place >>> 10,
      column: place & 0x3ff,
      fileOffset,
      textOffset,
    });
  });
  readPart(24, 16, (into, at) => {
    const kind = CORE_KINDS.get(view.getUint32(at + 12, true));
    if (kind === undefined) broken(`relocation kind ${view.getUint32(at + 12, true)}`, at + 12);
    into.relocations.push({
      offset: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      access: btf.string(view.getUint32(at + 8, true)),
      kind,
    });
  });

  const result = new Map<string, ExtSection>();
  for (const [section, parts] of sections) {
    for (const list of Object.values(parts)) list.sort((a: FuncInfo, b: FuncInfo) => a.offset - b.offset);
    result.set(section, { section, ...parts });
  }
  return result;
}
