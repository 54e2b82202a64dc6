import type { BtfBuilder } from "./builder.js";
import { ByteWriter } from "./byte-writer.js";
import { BTF_MAGIC, type CoreKindId } from "./kinds.js";

/** FuncInfo says which BTF func the code at an offset is. */
export interface FuncInfo {
  /** Byte offset of the function's first instruction in its section. */
  readonly offset: number;
  /** BTF id of the func. */
  readonly type: number;
}

/** LineInfo says which source line the code from an offset on comes from. */
export interface LineInfo {
  /** Byte offset of the instruction in its section. */
  readonly offset: number;
  readonly file: string;
  /** The source text of the line, which the verifier's log shows. */
  readonly text: string;
  /** Counted from 1; at most 4,194,303. */
  readonly line: number;
  /** Counted from 1; at most 1,023. */
  readonly column: number;
}

/** CoreRelocation asks the loader to patch an instruction with a fact about the running kernel's types. */
export interface CoreRelocation {
  /** Byte offset of the instruction in its section. */
  readonly offset: number;
  /** BTF id, in the object, of the root type. */
  readonly type: number;
  /** Access path: member, array or enumerator indices joined by ":", for example "0:1:2". */
  readonly access: string;
  readonly kind: CoreKindId;
}

/** SectionInfo is what `.BTF.ext` tells of one program section; each list sorted by offset. */
export interface SectionInfo {
  readonly section: string;
  readonly functions: readonly FuncInfo[];
  readonly lines: readonly LineInfo[];
  readonly relocations: readonly CoreRelocation[];
}

// Record sizes of bpf_func_info, bpf_line_info and bpf_core_relo, include/uapi/linux/bpf.h.
const FUNC_INFO_BYTES = 8;
const LINE_INFO_BYTES = 16;
const CORE_RELO_BYTES = 16;
const EXT_HEADER_BYTES = 32;

function subsection<T>(
  sections: readonly SectionInfo[],
  recordBytes: number,
  strings: BtfBuilder,
  pick: (section: SectionInfo) => readonly T[],
  write: (out: ByteWriter, record: T) => void,
): Uint8Array {
  const out = new ByteWriter();
  for (const section of sections) {
    const records = pick(section);
    if (records.length === 0) continue;
    if (out.length === 0) out.u32(recordBytes);
    out.u32(strings.string(section.section));
    out.u32(records.length);
    for (const record of records) write(out, record);
  }
  return out.finish();
}

/**
 * encodeBtfExt gives the bytes of a `.BTF.ext` section. Its texts go into the builder's string section, so
 * call this before the builder's encode().
 */
export function encodeBtfExt(strings: BtfBuilder, sections: readonly SectionInfo[]): Uint8Array {
  const functions = subsection(
    sections,
    FUNC_INFO_BYTES,
    strings,
    (s) => s.functions,
    (out, info) => {
      out.u32(info.offset);
      out.u32(info.type);
    },
  );
  const lines = subsection(
    sections,
    LINE_INFO_BYTES,
    strings,
    (s) => s.lines,
    (out, info) => {
      out.u32(info.offset);
      out.u32(strings.string(info.file));
      out.u32(strings.string(info.text));
      out.u32((info.line << 10) | (info.column & 0x3ff));
    },
  );
  const relocations = subsection(
    sections,
    CORE_RELO_BYTES,
    strings,
    (s) => s.relocations,
    (out, info) => {
      out.u32(info.offset);
      out.u32(info.type);
      out.u32(strings.string(info.access));
      out.u32(info.kind);
    },
  );
  const out = new ByteWriter();
  out.u16(BTF_MAGIC);
  out.u16(1); // version 1, flags 0
  out.u32(EXT_HEADER_BYTES);
  out.u32(0);
  out.u32(functions.length);
  out.u32(functions.length);
  out.u32(lines.length);
  out.u32(functions.length + lines.length);
  out.u32(relocations.length);
  out.bytes(functions);
  out.bytes(lines);
  out.bytes(relocations);
  return out.finish();
}
