import { align, type Bytes, bytesOf, find, need, sub, text, u8, u64 } from "../bytes/view.js";
import { segmentFlag, segmentType } from "../elf/constants.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";

/** GoModule is one module linked into a binary. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  readonly sum: string;
  /** replacedBy is the module a `replace` directive put in its place. */
  readonly replacedBy?: GoModule;
}

/** GoBuildInfo is what `go version -m` shows. */
export interface GoBuildInfo {
  /** goVersion as the toolchain wrote it, e.g. "go1.26.8" or "devel go1.27-0123456789". */
  readonly goVersion: string;
  /** path is the main package's. */
  readonly path: string;
  readonly main: GoModule | undefined;
  readonly dependencies: readonly GoModule[];
  /** settings are the build's, e.g. GOARCH, -ldflags, vcs.revision. */
  readonly settings: ReadonlyMap<string, string>;
}

// src/debug/buildinfo/buildinfo.go: 14 bytes of magic, pointer size, flags; then at 16 two pointers or at 32 two strings.
const magic = Buffer.from("\xff Go buildinf:", "latin1");
const flagBigEndian = 1;
const flagInline = 2;
const headerSize = 32;
/** alignment of the header in the file (buildInfoAlign there). */
const headerAlign = 16;
/** searchSize bounds the search in a data segment when section headers are gone; the linker puts it first. */
const searchSize = 0x10_0000;
/** largestText bounds a string the file points to: the longest module lists seen are below 200 KiB. */
const largestText = 0x100_0000;

/** locate returns the bytes that begin with the header, and go on to the end of its section or search window. */
function locate(elf: ElfFile): Bytes | undefined {
  const section = elf.section(".go.buildinfo");
  const windows: Bytes[] = [];
  if (section !== undefined) windows.push(elf.sectionBytes(section));
  // Only a file without section headers is worth a search.
  for (const segment of elf.sections.length > 0 ? [] : elf.segments) {
    if (segment.type !== segmentType.LOAD || (segment.flags & segmentFlag.WRITE) === 0) continue;
    const length = Math.min(segment.fileSize, searchSize);
    windows.push(bytesOf(elf.source.read(segment.offset, length), segment.offset, "data segment"));
  }
  for (const window of windows) {
    for (let at = find(window.data, magic); at >= 0; at = find(window.data, magic, at + headerAlign)) {
      if (align(at, headerAlign) !== at && section === undefined) continue;
      if (at + headerSize <= window.data.length)
        return sub(window, at, window.data.length - at, "Go build information");
    }
  }
  return undefined;
}

function inlineText(bytes: Bytes, at: number): { text: string; next: number } {
  let length = 0;
  let shift = 0;
  let next = at;
  for (;;) {
    const byte = u8(bytes, next);
    next++;
    length += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) break;
    shift += 7;
    if (shift > 28)
      throw new BinaryError("malformed", "Go build information: a length of more than 5 bytes", {
        offset: bytes.base + at,
      });
  }
  need(bytes, next, length);
  return { text: text(bytes.data, next, next + length), next: next + length };
}

function pointedText(elf: ElfFile, pointer: number): string {
  if (pointer === 0) return "";
  const header = elf.readAddress(pointer, 16);
  const length = u64(header, 8);
  if (length > largestText)
    throw new BinaryError("too-large", `Go build information: a text of ${length} bytes`, {
      offset: header.base,
    });
  if (length === 0) return "";
  const bytes = elf.readAddress(u64(header, 0), length);
  return text(bytes.data, 0, length);
}

function moduleOf(fields: readonly string[]): GoModule {
  return { path: fields[1] ?? "", version: fields[2] ?? "", sum: fields[3] ?? "" };
}

/** unquote undoes strconv.Quote, which the toolchain uses for settings with blanks or quotes in them. */
function unquote(value: string): string {
  if (value.startsWith("`")) return value.slice(1, -1);
  if (!value.startsWith('"')) return value;
  try {
    const plain: unknown = JSON.parse(value);
    return typeof plain === "string" ? plain : value;
  } catch {
    return value;
  }
}

/** parseModuleInfo reads the tab-separated lines of runtime/debug.BuildInfo's text form. */
export function parseModuleInfo(lines: string): Omit<GoBuildInfo, "goVersion"> {
  let path = "";
  let main: GoModule | undefined;
  const dependencies: GoModule[] = [];
  const settings = new Map<string, string>();
  let replaced: "main" | "dependency" | undefined;
  for (const line of lines.split("\n")) {
    const fields = line.split("\t");
    const last = dependencies.length - 1;
    const dependency = dependencies[last];
    if (fields[0] === "path") path = fields[1] ?? "";
    else if (fields[0] === "mod") {
      main = moduleOf(fields);
      replaced = "main";
    } else if (fields[0] === "dep") {
      dependencies.push(moduleOf(fields));
      replaced = "dependency";
    } else if (fields[0] === "=>") {
      if (replaced === "main" && main !== undefined) main = { ...main, replacedBy: moduleOf(fields) };
      if (replaced === "dependency" && dependency !== undefined)
        dependencies[last] = { ...dependency, replacedBy: moduleOf(fields) };
    } else if (fields[0] === "build") {
      const setting = fields.slice(1).join("\t");
      // A key may itself be quoted when it holds "="; none the toolchain writes does.
      const equals = setting.indexOf("=");
      if (equals > 0) settings.set(setting.slice(0, equals), unquote(setting.slice(equals + 1)));
    }
  }
  return { path, main, dependencies, settings };
}

/** readGoBuildInfo returns the build information, or undefined when the file has none (it is not Go's then). */
export function readGoBuildInfo(elf: ElfFile): GoBuildInfo | undefined {
  const bytes = locate(elf);
  if (bytes === undefined) return undefined;
  const flags = u8(bytes, 15);
  let goVersion: string;
  let modules: string;
  if ((flags & flagInline) !== 0) {
    const version = inlineText(bytes, headerSize);
    goVersion = version.text;
    modules = inlineText(bytes, version.next).text;
  } else {
    if (u8(bytes, 14) !== 8 || (flags & flagBigEndian) !== 0) {
      throw new BinaryError("malformed", "Go build information: pointers that are not 64-bit little-endian", {
        offset: bytes.base + 14,
      });
    }
    goVersion = pointedText(elf, u64(bytes, 16));
    modules = pointedText(elf, u64(bytes, 24));
  }
  if (goVersion === "") return undefined;
  // 16 bytes of sentinel stand before and after the text, so that a running program finds it in its memory.
  const framed = modules.length >= 33 && modules.at(-17) === "\n";
  return { goVersion, ...parseModuleInfo(framed ? modules.slice(16, -16) : "") };
}
