// Runs the vectors of an instruction set's conformance suite (a folder of .data files, kept outside the repository):
// assembled by our assembler, run by the kernel as a subprogram of an XDP program, and by our interpreter.
//   node scripts/conformance.mjs FOLDER [--verbose]
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  aluImm,
  assemble,
  callFunction,
  createMap,
  encodeInstructions,
  exit,
  InterpreterMemory,
  interpret,
  jumpIfReg,
  load,
  loadMapValue,
  loadProgram,
  MapType,
  movImm,
  movReg,
  ProgramType,
  prepareProgram,
  R0,
  R1,
  R2,
  R3,
  R4,
  storeReg,
  u32Bytes,
  withLabel,
} from "../packages/bpf/dist/index.js";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node scripts/conformance.mjs FOLDER [--verbose]");
  process.exit(2);
}
const isVerbose = process.argv.includes("--verbose");

function readVector(path) {
  const sections = new Map();
  let name = "";
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const title = /^-- (.*?)\s*$/.exec(line);
    if (title !== null) name = title[1];
    else if (!line.startsWith("#") || name === "asm")
      sections.set(name, `${sections.get(name) ?? ""}${line}\n`);
  }
  const bytes = (sections.get("mem") ?? "").split(/\s+/).filter((word) => word !== "");
  return {
    name: basename(path, ".data"),
    asm: sections.get("asm") ?? "",
    memory: Uint8Array.from(bytes.map((word) => Number.parseInt(word, 16))),
    raw: (sections.get("raw") ?? "").split(/\s+/).filter((word) => word !== ""),
    result: BigInt.asUintN(64, BigInt((sections.get("result") ?? "0").trim())),
  };
}

function sameAsRaw(code, raw) {
  const words = new BigUint64Array(code.buffer, code.byteOffset, code.length / 8);
  return (
    raw.length === 0 || (raw.length === words.length && raw.every((word, i) => BigInt(word) === words[i]))
  );
}

// What stands before a vector's code: the packet's bytes in r1, their number in r2. A call of it is a subprogram, so
// that all 64 bits of its result can be kept in a map.
function programOf(code, memory, map) {
  const packet = [
    load(4, R2, R1, 4),
    load(4, R1, R1, 0),
    movReg(R3, R1),
    aluImm("add", R3, memory.length),
    movImm(R0, -1),
    jumpIfReg("le", R3, R2, 1),
    exit(),
    movImm(R2, memory.length),
    movImm(R3, 0),
  ];
  const before = [
    callFunction("body"),
    loadMapValue(R1, map.fd, 0),
    storeReg(8, R1, 0, R0),
    movImm(R0, 0),
    exit(),
  ];
  const body = memory.length > 0 ? packet : [movReg(R4, R1)];
  const head = encodeInstructions([...before, withLabel("body", body[0]), ...body.slice(1)]);
  const all = new Uint8Array(head.length + code.length);
  all.set(head);
  all.set(code, head.length);
  return all;
}

function runInKernel({ name, memory }, code) {
  const map = createMap({
    name: "result",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
  });
  try {
    const program = loadProgram({
      name: name.slice(0, 15),
      type: ProgramType.BPF_PROG_TYPE_XDP,
      instructions: programOf(code, memory, map),
      license: "MIT",
    });
    try {
      const data = new Uint8Array(Math.max(14, memory.length));
      data.set(memory);
      program.testRun({ data });
    } finally {
      program.close();
    }
    const value = map.lookup(u32Bytes(0));
    return new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
  } finally {
    map.close();
  }
}

function runInterpreted({ memory: bytes }, code) {
  const memory = new InterpreterMemory();
  const address = memory.add("memory", bytes.slice());
  // The vectors call helper 5 and do not look at what it gives.
  const helpers = new Map([[5, () => 0n]]);
  const given = bytes.length === 0 ? [0n, 0n] : [address, BigInt(bytes.length)];
  return interpret(prepareProgram(code), { memory, helpers, arguments: given }).result;
}

const counts = { vectors: 0, assembled: 0, kernel: 0, interpreter: 0 };
const refused = new Map();

function attempt(where, vector, run) {
  try {
    const result = run();
    if (result === vector.result) return true;
    throw new Error(`gives 0x${result.toString(16)}, not 0x${vector.result.toString(16)}`);
  } catch (error) {
    const words = error.explanation?.said ?? error.message;
    refused.set(`${where}: ${words}`, [...(refused.get(`${where}: ${words}`) ?? []), vector.name]);
    return false;
  }
}

const files = readdirSync(folder).filter((file) => file.endsWith(".data"));
for (const file of files.sort()) {
  const vector = readVector(join(folder, file));
  counts.vectors++;
  let code;
  try {
    code = encodeInstructions(assemble(vector.asm));
    if (!sameAsRaw(code, vector.raw)) throw new Error("other bytes than the vector's own");
  } catch (error) {
    refused.set(`assembler: ${error.message}`, [vector.name]);
    continue;
  }
  counts.assembled++;
  if (attempt("kernel", vector, () => runInKernel(vector, code))) counts.kernel++;
  if (attempt("interpreter", vector, () => runInterpreted(vector, code))) counts.interpreter++;
}

console.log(`vectors ${counts.vectors}`);
console.log(`assembled ${counts.assembled}`);
console.log(`run by the kernel ${counts.kernel}`);
console.log(`run by the interpreter ${counts.interpreter}`);
for (const [words, names] of refused) {
  console.log(`- ${words}: ${names.length}${isVerbose ? ` (${names.join(", ")})` : ""}`);
}
