import { BpfError } from "../errors.js";
import {
  type AluName,
  aluImm,
  aluReg,
  byteSwap,
  movSigned,
  neg,
  toEndian,
  type Width,
} from "./arithmetic.js";
import {
  type Condition,
  callFunction,
  callHelper,
  callRegister,
  exit,
  jump,
  jumpIfImm,
  jumpIfReg,
  jumpLong,
} from "./flow.js";
import { type Instruction, type Register, slotsOf } from "./instruction.js";
import {
  type AtomicName,
  atomic,
  load,
  loadImm64,
  loadSigned,
  type Size,
  storeImm,
  storeReg,
} from "./memory.js";
import { AluOperation, AtomicOperation, JumpOperation } from "./opcode.js";

/** A line of text taken apart: `lock` and `fetch` stand in front of the mnemonic, operands behind it. */
interface Line {
  readonly number: number;
  readonly words: readonly string[];
  readonly operands: readonly string[];
}

const BYTES: Readonly<Record<string, Size>> = { b: 1, h: 2, w: 4, dw: 8 };

function refuse(line: Line, why: string): never {
  const text = [...line.words, line.operands.join(", ")].join(" ").trim();
  throw new BpfError("bad-instruction", `line ${line.number}: "${text}": ${why}`);
}

function operand(line: Line, index: number): string {
  return line.operands[index] ?? refuse(line, `operand ${index + 1} is missing`);
}

function registerOf(text: string): Register | undefined {
  const number = Number(/^[%]?r(10|\d)$/.exec(text)?.[1] ?? Number.NaN);
  return isRegister(number) ? number : undefined;
}

function isRegister(number: number): number is Register {
  return Number.isInteger(number) && number >= 0 && number <= 10;
}

function register(line: Line, index: number): Register {
  return registerOf(operand(line, index)) ?? refuse(line, `operand ${index + 1} is not a register`);
}

function integer(line: Line, text: string): bigint {
  const found = /^([+-]?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (found?.[2] === undefined) return refuse(line, `"${text}" is not a number`);
  return found[1] === "-" ? -BigInt(found[2]) : BigInt(found[2]);
}

function immediate(line: Line, index: number): number {
  const value = integer(line, operand(line, index));
  if (value < -0x80000000n || value > 0xffffffffn) refuse(line, "the number does not fit 32 bits");
  return Number(BigInt.asIntN(32, value));
}

function place(line: Line, index: number): { base: Register; offset: number } {
  const found = /^\[\s*(%?r\d+)\s*([+-]\s*\w+)?\s*\]$/.exec(operand(line, index));
  const base = registerOf(found?.[1] ?? "");
  if (base === undefined) return refuse(line, `operand ${index + 1} is not a place in memory: [%r1+8]`);
  const offset = Number(integer(line, (found?.[2] ?? "+0").replace(/\s/g, "")));
  return { base, offset };
}

type Rule = (line: Line, found: RegExpExecArray) => Instruction;

function widthOf(text: string | undefined): Width {
  return text === "32" ? 32 : 64;
}

function sizeOf(line: Line, text: string | undefined): Size {
  return BYTES[text ?? ""] ?? refuse(line, "no such size");
}

function target(line: Line, index: number): string | number {
  const text = operand(line, index);
  return /^[+-]/.test(text) ? Number(integer(line, text)) : text;
}

const aluNames = [
  ...Object.keys(AluOperation).filter((name) => name !== "neg" && name !== "end"),
  "sdiv",
  "smod",
];
const conditions = Object.keys(JumpOperation).filter(
  (name) => !["ja", "call", "exit", "cond"].includes(name),
);
const atomics = Object.keys(AtomicOperation).filter((name) => !name.includes("_"));

// The patterns are made of the names, so that what they find is one.
function isAlu(name: string): name is AluName {
  return aluNames.includes(name);
}
function isCondition(name: string): name is Condition {
  return conditions.includes(name);
}
function isAtomic(name: string): name is AtomicName {
  return atomics.includes(name);
}

function arithmetic(line: Line, found: RegExpExecArray): Instruction {
  const name = found[1] ?? "";
  if (!isAlu(name)) return refuse(line, "no such operation");
  const width = widthOf(found[2]);
  const src = registerOf(operand(line, 1));
  if (src === undefined) return aluImm(name, register(line, 0), immediate(line, 1), width);
  return aluReg(name, register(line, 0), src, width);
}

function branch(line: Line, found: RegExpExecArray): Instruction {
  const name = found[1] ?? "";
  if (!isCondition(name)) return refuse(line, "no such condition");
  const width = widthOf(found[2]);
  const src = registerOf(operand(line, 1));
  const to = target(line, 2);
  if (src === undefined) return jumpIfImm(name, register(line, 0), immediate(line, 1), to, width);
  return jumpIfReg(name, register(line, 0), src, to, width);
}

function signExtend(line: Line, found: RegExpExecArray): Instruction {
  const bits = Number(found[1]);
  if (bits !== 8 && bits !== 16 && bits !== 32) return refuse(line, "no such width");
  return movSigned(register(line, 0), register(line, 1), bits, widthOf(found[2]));
}

function swap(line: Line, found: RegExpExecArray): Instruction {
  const bits = Number(found[2]);
  if (bits !== 16 && bits !== 32 && bits !== 64) return refuse(line, "no such width");
  const order = found[1];
  if (order === "le" || order === "be") return toEndian(order, register(line, 0), bits);
  return byteSwap(register(line, 0), bits);
}

function call(line: Line): Instruction {
  const [what = "", to = ""] = operand(line, 0).split(/\s+/);
  if (what === "local") return callFunction(/^[+-]?\d/.test(to) ? Number(integer(line, to)) : to);
  const by = registerOf(what);
  return by === undefined ? callHelper(immediate(line, 0)) : callRegister(by);
}

function interlocked(line: Line, found: RegExpExecArray): Instruction {
  const name = found[2] ?? "";
  if (!isAtomic(name)) return refuse(line, "no such atomic operation");
  const { base, offset } = place(line, 0);
  return atomic(name, found[3] === "32" ? 4 : 8, base, offset, register(line, 1), found[1] !== undefined);
}

function loadRule(line: Line, found: RegExpExecArray): Instruction {
  const { base, offset } = place(line, 1);
  const size = sizeOf(line, found[2]);
  if (found[1] === undefined) return load(size, register(line, 0), base, offset);
  if (size === 8) return refuse(line, "8 bytes have no sign to extend");
  return loadSigned(size, register(line, 0), base, offset);
}

/** Mnemonics in the order they are tried, with `lock` and `fetch` before them. */
const rules: readonly (readonly [pattern: RegExp, rule: Rule])[] = [
  [new RegExp(`^(${aluNames.join("|")})(32)?$`), arithmetic],
  [/^neg(32)?$/, (line, found) => neg(register(line, 0), widthOf(found[1]))],
  [/^movsx(8|16|32)(32|64)$/, signExtend],
  [/^(le|be|swap|bswap)(16|32|64)$/, swap],
  [/^lddw$/, (line) => loadImm64(register(line, 0), integer(line, operand(line, 1)))],
  [/^ldx(s)?(dw|[bhw])$/, loadRule],
  [
    /^stx(dw|[bhw])$/,
    (line, found) => {
      const { base, offset } = place(line, 0);
      return storeReg(sizeOf(line, found[1]), base, offset, register(line, 1));
    },
  ],
  [
    /^st(dw|[bhw])$/,
    (line, found) => {
      const { base, offset } = place(line, 0);
      return storeImm(sizeOf(line, found[1]), base, offset, immediate(line, 1));
    },
  ],
  [new RegExp(`^j(${conditions.join("|")})(32)?$`), branch],
  [/^ja$/, (line) => jump(target(line, 0))],
  [/^ja32$/, (line) => jumpLong(target(line, 0))],
  [/^call$/, call],
  [/^exit$/, () => exit()],
  [new RegExp(`^lock (fetch )?(${atomics.join("|")})(32)?$`), interlocked],
];

function assembleLine(line: Line): Instruction {
  const mnemonic = line.words.join(" ");
  for (const [pattern, rule] of rules) {
    const found = pattern.exec(mnemonic);
    if (found !== null) return rule(line, found);
  }
  return refuse(line, "no such instruction");
}

function lineOf(text: string, number: number): Line {
  const found = /^((?:lock\s+(?:fetch\s+)?)?\w+)\s*(.*)$/.exec(text);
  const rest = (found?.[2] ?? "").trim();
  return {
    number,
    words: (found?.[1] ?? text).split(/\s+/),
    operands: rest === "" ? [] : rest.split(",").map((part) => part.trim()),
  };
}

/** Distances are in 16 bits for jumps and in 32 for calls and `ja32`; targets are slots. */
function bind(line: Line, instruction: Instruction, slot: number, to: number): Instruction {
  const { target: _, ...bare } = instruction;
  const distance = to - slot - 1;
  const isLong = (bare.opcode & 0xf0) === JumpOperation.call || bare.opcode === 0x06;
  if (isLong) return { ...bare, imm: distance };
  if (distance < -0x8000 || distance > 0x7fff) return refuse(line, "the jump is too far");
  return { ...bare, offset: distance };
}

/**
 * assemble reads assembler text: `mov %r0, 1`, `ldxdw %r1, [%r10-8]`, `jne32 %r1, 5, out`, `lock fetch add [%r1], %r2`,
 * `call local NAME`, `NAME:`; `#` and `;` begin comments, `+3` jumps over three slots. A jump to `exit`, where no label
 * has that name, goes to the first exit. Throws BpfError `bad-instruction` with the line.
 */
export function assemble(text: string): Instruction[] {
  const labels = new Map<string, number>();
  const found: { line: Line; instruction: Instruction; slot: number }[] = [];
  let slot = 0;
  let firstExit: number | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    let rest = raw.replace(/[#;].*$/, "").trim();
    for (let label = /^(\w+):\s*/.exec(rest); label !== null; label = /^(\w+):\s*/.exec(rest)) {
      const name = label[1] ?? "";
      if (labels.has(name)) refuse(lineOf(raw, index + 1), `label "${name}" is defined twice`);
      labels.set(name, slot);
      rest = rest.slice(label[0].length);
    }
    if (rest === "") continue;
    const line = lineOf(rest, index + 1);
    const instruction = assembleLine(line);
    if (firstExit === undefined && line.words[0] === "exit") firstExit = slot;
    found.push({ line, instruction, slot });
    slot += slotsOf(instruction);
  }
  if (firstExit !== undefined && !labels.has("exit")) labels.set("exit", firstExit);
  return found.map(({ line, instruction, slot: here }) => {
    if (instruction.target === undefined) return instruction;
    const to = labels.get(instruction.target);
    return to === undefined
      ? refuse(line, `no label "${instruction.target}"`)
      : bind(line, instruction, here, to);
  });
}
