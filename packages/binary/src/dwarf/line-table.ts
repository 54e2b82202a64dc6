import { u8, u16 } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { type Cursor, sleb, uleb } from "./leb.js";
import type { LineHeader } from "./line-header.js";
import { addressAt } from "./ranges.js";

/** LineTable is a line program after running it: one row per place, as columns of numbers. */
export interface LineTable {
  readonly files: readonly string[];
  readonly count: number;
  readonly addresses: Float64Array;
  readonly fileNumbers: Uint32Array;
  readonly lines: Uint32Array;
  readonly columns: Uint16Array;
  /** flags are rowFlag bits. */
  readonly flags: Uint8Array;
  /** sequences are runs of rows whose addresses rise, sorted by where they begin. */
  readonly sequences: readonly LineSequence[];
}

/** LineSequence is rows [first, last]; the last only says where the code ends. */
export interface LineSequence {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/** rowFlag: STATEMENT marks a good place for a breakpoint, PROLOGUE_END the first behind a function's set-up. */
export const rowFlag = { STATEMENT: 1, END: 2, PROLOGUE_END: 4 } as const;

/** standard is DW_LNS_*, extended DW_LNE_*: DWARF 5, section 7.22. */
const standard = {
  COPY: 1,
  ADVANCE_PC: 2,
  ADVANCE_LINE: 3,
  SET_FILE: 4,
  SET_COLUMN: 5,
  NEGATE_STATEMENT: 6,
  CONST_ADD_PC: 8,
  FIXED_ADVANCE_PC: 9,
  SET_PROLOGUE_END: 10,
} as const;
const extended = { END_SEQUENCE: 1, SET_ADDRESS: 2 } as const;

interface Columns {
  addresses: Float64Array;
  fileNumbers: Uint32Array;
  lines: Uint32Array;
  columns: Uint16Array;
  flags: Uint8Array;
  count: number;
}

function columnsOf(capacity: number): Columns {
  return {
    addresses: new Float64Array(capacity),
    fileNumbers: new Uint32Array(capacity),
    lines: new Uint32Array(capacity),
    columns: new Uint16Array(capacity),
    flags: new Uint8Array(capacity),
    count: 0,
  };
}

/** resized copies the columns: to twice the room when they are full, to what is used at the end. */
function resized(from: Columns, capacity: number): Columns {
  const to = columnsOf(capacity);
  to.addresses.set(from.addresses.subarray(0, from.count));
  to.fileNumbers.set(from.fileNumbers.subarray(0, from.count));
  to.lines.set(from.lines.subarray(0, from.count));
  to.columns.set(from.columns.subarray(0, from.count));
  to.flags.set(from.flags.subarray(0, from.count));
  to.count = from.count;
  return to;
}

interface State {
  address: number;
  file: number;
  line: number;
  column: number;
  statement: boolean;
  prologueEnd: boolean;
}

function startState(header: LineHeader): State {
  const statement = header.startsAsStatement;
  return { address: 0, file: 1, line: 1, column: 0, statement, prologueEnd: false };
}

/** Every row costs the program at least a byte, so a table's memory is bounded by its program's size. */
function runProgram(header: LineHeader): { rows: Columns; sequences: LineSequence[] } {
  const { program, opcodeBase, lineBase, lineRange, minimumInstruction } = header;
  const cursor: Cursor = { bytes: program, at: header.at };
  const end = program.data.length;
  let rows = columnsOf(Math.max(16, (end - header.at) >> 2));
  let state = startState(header);
  let first = 0;
  const sequences: LineSequence[] = [];

  const emit = (ends: boolean): void => {
    if (rows.count === rows.flags.length) rows = resized(rows, rows.count * 2);
    const at = rows.count++;
    rows.addresses[at] = state.address;
    rows.fileNumbers[at] = state.file;
    rows.lines[at] = state.line;
    rows.columns[at] = Math.min(state.column, 0xffff);
    rows.flags[at] =
      (state.statement ? rowFlag.STATEMENT : 0) |
      (ends ? rowFlag.END : 0) |
      (state.prologueEnd ? rowFlag.PROLOGUE_END : 0);
    state.prologueEnd = false;
  };

  const finish = (): void => {
    emit(true);
    const start = rows.addresses[first] ?? 0;
    if (start < state.address && Number.isFinite(state.address)) {
      sequences.push({ start, end: state.address, first, last: rows.count - 1 });
    }
    first = rows.count;
    state = startState(header);
  };

  const runExtended = (): void => {
    const length = uleb(cursor);
    const next = cursor.at + length;
    if (length === 0 || next > end) {
      throw new BinaryError("malformed", `${program.what}: an instruction of ${length} bytes`, {
        offset: program.base + cursor.at,
      });
    }
    const opcode = u8(program, cursor.at);
    cursor.at++;
    if (opcode === extended.END_SEQUENCE) finish();
    else if (opcode === extended.SET_ADDRESS) state.address = addressAt(cursor, length === 5 ? 4 : 8);
    cursor.at = next;
  };

  const runStandard = (opcode: number): void => {
    switch (opcode) {
      case standard.COPY:
        emit(false);
        return;
      case standard.ADVANCE_PC:
        state.address += uleb(cursor) * minimumInstruction;
        return;
      case standard.ADVANCE_LINE:
        state.line += sleb(cursor);
        return;
      case standard.SET_FILE:
        state.file = uleb(cursor);
        return;
      case standard.SET_COLUMN:
        state.column = uleb(cursor);
        return;
      case standard.NEGATE_STATEMENT:
        state.statement = !state.statement;
        return;
      case standard.CONST_ADD_PC:
        state.address += Math.floor((255 - opcodeBase) / lineRange) * minimumInstruction;
        return;
      case standard.FIXED_ADVANCE_PC:
        state.address += u16(program, cursor.at);
        cursor.at += 2;
        return;
      case standard.SET_PROLOGUE_END:
        state.prologueEnd = true;
        return;
      default:
        for (let i = 0; i < (header.operandCounts[opcode - 1] ?? 0); i++) uleb(cursor);
    }
  };

  while (cursor.at < end) {
    const opcode = program.data[cursor.at++] ?? 0;
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      state.address += Math.floor(adjusted / lineRange) * minimumInstruction;
      state.line += lineBase + (adjusted % lineRange);
      emit(false);
    } else if (opcode === 0) runExtended();
    else runStandard(opcode);
  }
  return { rows, sequences };
}

/** readLineTable runs a line program. Throws BinaryError with the offset of an instruction that cannot be. */
export function readLineTable(header: LineHeader): LineTable {
  const { rows, sequences } = runProgram(header);
  sequences.sort((a, b) => a.start - b.start || a.end - b.end);
  return { files: header.files, sequences, ...resized(rows, rows.count) };
}

/** rowAt returns the row that an address belongs to, -1 when no sequence covers it. */
export function rowAt(table: LineTable, address: number): number {
  // Sequences of discarded functions (a linker leaves them at 0) can overlap others, so every one is asked.
  let low = 0;
  let high = table.sequences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((table.sequences[middle]?.start ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
    const sequence = table.sequences[i];
    if (sequence === undefined || address >= sequence.end) continue;
    let from = sequence.first;
    let to = sequence.last;
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if ((table.addresses[middle] ?? 0) <= address) from = middle;
      else to = middle;
    }
    return from;
  }
  return -1;
}
