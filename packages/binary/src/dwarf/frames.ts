import { grown, orderOf } from "../bytes/order.js";
import { u8, u16, u32 } from "../bytes/view.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import {
  type CommonEntry,
  type FrameSection,
  type FunctionEntry,
  frameEntries,
  readPointer,
} from "./frame-entry.js";
import { debugSection } from "./lazy-section.js";
import { type Cursor, skip, sleb, uleb } from "./leb.js";

/** FrameRule says where the canonical frame address is at one instruction: a register, by its DWARF number, plus offset. */
export interface FrameRule {
  readonly register: number;
  readonly offset: number;
}

/** FrameTable answers for a file by its unwinding tables: .eh_frame, and .debug_frame, which Go writes. */
export interface FrameTable {
  /** at returns the rule at an address; undefined when no entry covers it or the rule is an expression. */
  at(address: number): FrameRule | undefined;
}

/** call is DW_CFA_*, DWARF 5, section 7.24; those that only say where registers were saved are passed over. */
const call = {
  ADVANCE: 0x40,
  OFFSET: 0x80,
  RESTORE: 0xc0,
  NOP: 0x00,
  SET_LOC: 0x01,
  ADVANCE1: 0x02,
  ADVANCE2: 0x03,
  ADVANCE4: 0x04,
  REMEMBER: 0x0a,
  RESTORE_STATE: 0x0b,
  DEF_CFA: 0x0c,
  DEF_CFA_REGISTER: 0x0d,
  DEF_CFA_OFFSET: 0x0e,
  DEF_CFA_EXPRESSION: 0x0f,
  DEF_CFA_SF: 0x12,
  DEF_CFA_OFFSET_SF: 0x13,
  NEGATE_RA: 0x2d,
} as const;

/** operands of the instructions that do not move the frame: u and s are LEB128 numbers, b a block. */
const operands: ReadonlyMap<number, string> = new Map([
  [0x05, "uu"],
  [0x06, "u"],
  [0x07, "u"],
  [0x08, "u"],
  [0x09, "uu"],
  [0x10, "ub"],
  [0x11, "us"],
  [0x14, "uu"],
  [0x15, "us"],
  [0x16, "ub"],
  [0x2e, "u"],
  [0x2f, "uu"],
]);

/** mostRemembered bounds the states on the stack of remembered ones. */
const mostRemembered = 64;

interface State {
  address: number;
  register: number;
  offset: number;
  isExpression: boolean;
}

function passOver(cursor: Cursor, code: number): void {
  const shape = operands.get(code);
  if (shape === undefined) {
    throw new BinaryError(
      "unsupported-dwarf",
      `${cursor.bytes.what}: frame instruction 0x${code.toString(16)}`,
      {
        offset: cursor.bytes.base + cursor.at - 1,
      },
    );
  }
  for (const kind of shape) {
    if (kind === "b") skip(cursor, uleb(cursor));
    else uleb(cursor);
  }
}

/** run executes instructions until the address is passed; it tells whether that happened. */
function run(
  section: FrameSection,
  entry: FunctionEntry,
  state: State,
  address: number,
  initial: boolean,
): boolean {
  const { common } = entry;
  const bytes = initial ? common.instructions : entry.instructions;
  const cursor: Cursor = { bytes, at: 0 };
  const remembered: State[] = [];
  const advance = (to: number): boolean => {
    if (to > address) return true;
    state.address = to;
    return false;
  };
  while (cursor.at < bytes.data.length) {
    const code = u8(bytes, cursor.at);
    cursor.at++;
    const at = cursor.at;
    const high = code & 0xc0;
    let delta = -1;
    if (high === call.ADVANCE) delta = code & 0x3f;
    else if (high === call.OFFSET) uleb(cursor);
    else if (high === call.RESTORE) continue;
    else {
      switch (code) {
        case call.NOP:
        case call.NEGATE_RA:
          break;
        case call.SET_LOC: {
          // The pointer counts from its own place in the section, not in these instructions.
          const inSection: Cursor = { bytes: section.bytes, at: bytes.base - section.bytes.base + at };
          const to = readPointer(section, inSection, common.encoding);
          cursor.at += inSection.at - (bytes.base - section.bytes.base + at);
          if (advance(to)) return true;
          break;
        }
        case call.ADVANCE1:
          delta = u8(bytes, at);
          cursor.at += 1;
          break;
        case call.ADVANCE2:
          delta = u16(bytes, at);
          cursor.at += 2;
          break;
        case call.ADVANCE4:
          delta = u32(bytes, at);
          cursor.at += 4;
          break;
        case call.REMEMBER:
          if (remembered.length < mostRemembered) remembered.push({ ...state });
          break;
        case call.RESTORE_STATE: {
          const before = remembered.pop();
          if (before !== undefined) Object.assign(state, { ...before, address: state.address });
          break;
        }
        case call.DEF_CFA:
          state.register = uleb(cursor);
          state.offset = uleb(cursor);
          state.isExpression = false;
          break;
        case call.DEF_CFA_SF:
          state.register = uleb(cursor);
          state.offset = sleb(cursor) * common.dataAlign;
          state.isExpression = false;
          break;
        case call.DEF_CFA_REGISTER:
          state.register = uleb(cursor);
          break;
        case call.DEF_CFA_OFFSET:
          state.offset = uleb(cursor);
          break;
        case call.DEF_CFA_OFFSET_SF:
          state.offset = sleb(cursor) * common.dataAlign;
          break;
        case call.DEF_CFA_EXPRESSION:
          skip(cursor, uleb(cursor));
          state.isExpression = true;
          break;
        default:
          passOver(cursor, code);
      }
    }
    if (delta >= 0 && advance(state.address + delta * common.codeAlign)) return true;
  }
  return false;
}

function ruleAt(section: FrameSection, entry: FunctionEntry, address: number): FrameRule | undefined {
  const state: State = { address: entry.start, register: -1, offset: 0, isExpression: false };
  run(section, entry, state, Number.POSITIVE_INFINITY, true);
  state.address = entry.start;
  run(section, entry, state, address, false);
  return state.isExpression || state.register < 0
    ? undefined
    : // A factor of -1 makes a zero negative.
      { register: state.register, offset: state.offset + 0 };
}

function sectionsOf(elf: ElfFile): FrameSection[] {
  const sections: FrameSection[] = [];
  const debug = debugSection(elf, "frame");
  if (debug.size() > 0) sections.push({ bytes: debug.whole(), address: 0, isEh: false });
  const eh = elf.section(".eh_frame");
  if (eh !== undefined) sections.push({ bytes: elf.sectionBytes(eh), address: eh.address, isEh: true });
  return sections;
}

interface Indexed {
  readonly section: FrameSection;
  readonly commons: Map<number, CommonEntry>;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** places of the entries in the section. */
  readonly places: Uint32Array;
}

/** indexSection keeps 20 bytes a function; the entry itself is read again when it is asked for. */
function indexSection(section: FrameSection): Indexed {
  const commons = new Map<number, CommonEntry>();
  let starts = new Float64Array(64);
  let ends = new Float64Array(64);
  let places = new Float64Array(64);
  let count = 0;
  for (const entry of frameEntries(section, commons)) {
    if (entry.start >= entry.end) continue;
    starts = grown(starts, count);
    ends = grown(ends, count);
    places = grown(places, count);
    starts[count] = entry.start;
    ends[count] = entry.end;
    places[count++] = entry.at;
  }
  const order = orderOf(starts, count);
  return {
    section,
    commons,
    starts: Float64Array.from(order, (row) => starts[row] ?? 0),
    ends: Float64Array.from(order, (row) => ends[row] ?? 0),
    places: Uint32Array.from(order, (row) => places[row] ?? 0),
  };
}

function entryAt(index: Indexed, address: number): FunctionEntry | undefined {
  let low = 0;
  let high = index.starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((index.starts[middle] ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  if (low === 0 || address >= (index.ends[low - 1] ?? 0)) return undefined;
  const next = frameEntries(index.section, index.commons, index.places[low - 1]).next();
  return next.done ? undefined : next.value;
}

/** readFrames indexes the entries of both sections once; the rules are computed for an address when it is asked about. */
export function readFrames(elf: ElfFile): FrameTable {
  const indexes = sectionsOf(elf).map(indexSection);
  return {
    at(address) {
      for (const index of indexes) {
        const entry = entryAt(index, address);
        const rule = entry === undefined ? undefined : ruleAt(index.section, entry, address);
        if (rule !== undefined) return rule;
      }
      return undefined;
    },
  };
}
