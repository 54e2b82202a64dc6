// Loads every object file below a folder into the running kernel and tells what loads, what does not, and why.
// The objects are other people's and are not kept here: docs/compatibility.md says where they come from.
//   node scripts/compat.mjs FOLDER [--json]
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import {
  BpfError,
  Btf,
  BtfBuilder,
  loadObject,
  loadProgram,
  MapType,
  makePinFolder,
  mapTypeName,
  ProgramType,
  readObject,
  unpinFolder,
} from "@go3s/bpf";

const OWN_TYPES = "its own types";
const PACKET = new Uint8Array(64);
const pinFolder = `/sys/fs/bpf/go3s_compat_${process.pid}`;

function objectsBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(o|elf)$/.test(entry.name) && !/_tgt\.o$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

// Sections that say nothing need someone who says what their programs are: these are tried in turn.
const GUESSES = [
  ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
  ProgramType.BPF_PROG_TYPE_SCHED_CLS,
  ProgramType.BPF_PROG_TYPE_XDP,
  ProgramType.BPF_PROG_TYPE_KPROBE,
];

function typesFor(spec, guess) {
  const nameless = [...spec.programs.values()].filter((program) => program.type === 0 && program.autoload);
  return Object.fromEntries(nameless.map(({ name }) => [name, guess]));
}

// Maps of maps whose inner one is left to the loader get one that fits nothing in particular.
function innerFor(spec) {
  const holders = [MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS, MapType.BPF_MAP_TYPE_HASH_OF_MAPS];
  const inner = { name: "inner", type: MapType.BPF_MAP_TYPE_HASH, keySize: 4, valueSize: 8, maxEntries: 16 };
  const open = [...spec.maps.values()].filter((map) => holders.includes(map.type) && map.inner === undefined);
  return Object.fromEntries(open.map(({ name }) => [name, inner]));
}

function symbolsFor(spec) {
  const references = [...spec.programs.values()].flatMap((program) => program.references);
  return Object.fromEntries(
    references.filter(({ kind }) => kind === "constant").map(({ name }) => [name, 0]),
  );
}

// Tools set some sizes by their options, before they load.
function sizesFor(spec) {
  const sizes = {};
  for (const { name, type, maxEntries, valueSize } of spec.maps.values()) {
    const isStack = type === MapType.BPF_MAP_TYPE_STACK_TRACE;
    const computed = [MapType.BPF_MAP_TYPE_RINGBUF, MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY].includes(type);
    const storage = spec.maps.get(name)?.flags & 1 && /storage/i.test(mapTypeName(type));
    if (maxEntries === 0 && !computed && !storage) sizes[name] = { maxEntries: 1024 };
    if (isStack && valueSize === 0) sizes[name] = { maxEntries: maxEntries || 1024, valueSize: 127 * 8 };
  }
  return sizes;
}

function reasonOf(error) {
  if (!(error instanceof BpfError)) throw error;
  return { code: error.code, why: error.message.split("\n")[0] };
}

function attemptAs(spec, types, options) {
  try {
    return { object: loadObject(spec, { pinFolder, types, ...options }) };
  } catch (error) {
    return { error: reasonOf(error) };
  } finally {
    try {
      unpinFolder(pinFolder);
    } catch {
      // Nothing was pinned.
    }
  }
}

function attempt(spec, options) {
  const innerMaps = innerFor(spec);
  const isNameless = Object.keys(typesFor(spec, 1)).length > 0;
  // What tail calls lead to is of the type of the program that makes them.
  const known = GUESSES.filter((type) =>
    [...spec.programs.values()].some((program) => program.type === type),
  );
  const guesses = [...new Set([...known, ...GUESSES])];
  let first;
  for (const guess of isNameless ? guesses : guesses.slice(0, 1)) {
    const result = attemptAs(spec, typesFor(spec, guess), { innerMaps, ...options });
    if (result.object !== undefined) return result;
    first ??= result;
  }
  return first;
}

// The same types with ids one higher, so that an answer which is merely the object's own id is seen to be wrong.
function renumbered(btf) {
  const builder = new BtfBuilder();
  builder.add({ kind: "int", name: "one_more", size: 4 });
  const to = (id) => (id === 0 ? 0 : id + 1);
  const move = (rows) => rows?.map((row) => ({ ...row, type: to(row.type) }));
  for (let id = 1; id < btf.endId; id++) {
    const type = btf.type(id);
    const moved = { ...type };
    if ("type" in type) moved.type = to(type.type);
    if ("index" in type) moved.index = to(type.index);
    for (const part of ["members", "parameters", "variables"])
      if (part in type) moved[part] = move(type[part]);
    builder.add(moved);
  }
  return new Btf(builder.encode());
}

// Relocation self-tests bring the types they are to be answered from: a file beside them, or their own.
function targetsFor(path, spec) {
  const beside = path.replace(/(-el\.elf|\.o)$/, "_tgt$1");
  const found = [];
  try {
    const { btf } = readObject(readFileSync(beside));
    if (btf !== undefined) found.push({ name: basename(beside), kernelBtf: new Btf(btf) });
  } catch {
    // There is none, which is usual.
  }
  if (spec.btf !== undefined) found.push({ name: OWN_TYPES, kernelBtf: renumbered(new Btf(spec.btf)) });
  return found;
}

// A self-test says by its programs' results whether it was answered rightly; those named err_ must be refused.
function selfTest(spec, options) {
  const verdicts = {};
  for (const name of spec.programs.keys()) {
    const { object, error } = attempt(spec, { ...options, programs: [name] });
    verdicts[name] = error?.why ?? object.program(name).testRun({ data: PACKET }).result;
    object?.close();
    if (name.startsWith("err_")) verdicts[name] = error === undefined ? "loads, and should not" : 0;
  }
  return verdicts;
}

function byProgram(spec, options) {
  const [loads, refused] = [[], []];
  for (const name of spec.programs.keys()) {
    const { object, error } = attempt(spec, { ...options, programs: [name] });
    object?.close();
    if (error === undefined) loads.push(name);
    else refused.push({ name, ...error });
  }
  return { loads, refused };
}

function tryOut(path) {
  let spec;
  try {
    spec = readObject(readFileSync(path));
  } catch (error) {
    return { result: "unreadable", ...reasonOf(error) };
  }
  const counts = { programs: spec.programs.size, maps: spec.maps.size };
  const [symbols, mapSizes] = [symbolsFor(spec), sizesFor(spec)];
  if (/relocs[^/]*$/.test(path) && spec.programs.size > 0) {
    for (const { name, kernelBtf } of targetsFor(path, spec)) {
      const verdicts = selfTest(spec, { kernelBtf });
      const isRight = Object.values(verdicts).every((verdict) => verdict === 0);
      if (isRight) return { result: "loads", ...counts, given: `BTF of ${name}`, verdicts };
      process.stderr.write(`${path} with BTF of ${name}: ${JSON.stringify(verdicts)}\n`);
    }
  }
  const [beside] = targetsFor(path, spec).filter(({ name }) => name !== OWN_TYPES);
  const plain = attempt(spec, { symbols, mapSizes, ...(beside && { kernelBtf: beside.kernelBtf }) });
  if (plain.object !== undefined) {
    const types = beside === undefined ? [] : [`BTF of ${beside.name}`];
    const names = [
      ...types,
      ...Object.keys(innerFor(spec)).map((name) => `what ${name} holds`),
      ...Object.keys(symbols).map((name) => `a value for ${name}`),
      ...Object.keys(mapSizes).map((name) => `the size of ${name}`),
    ];
    const given = names.length > 0 ? { given: names.join(", ") } : {};
    plain.object.close();
    return { result: "loads", ...counts, ...given };
  }
  const { loads, refused } = byProgram(spec, { symbols, mapSizes });
  return { result: loads.length > 0 ? "in part" : "refused", ...counts, ...plain.error, loads, refused };
}

const [folder, flag] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("usage: node scripts/compat.mjs FOLDER [--json]\n");
  process.exit(2);
}
try {
  loadProgram({
    name: "probe",
    type: 1,
    license: "GPL",
    instructions: new Uint8Array([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]),
  }).close();
  makePinFolder(pinFolder);
} catch (error) {
  process.stderr.write(`cannot load anything here: ${error.message}\n`);
  process.exit(3);
}
const rows = [];
try {
  for (const path of objectsBelow(folder))
    rows.push({ path: path.slice(folder.length).replace(/^\//, ""), ...tryOut(path) });
} finally {
  try {
    unpinFolder(pinFolder);
  } catch {
    rmSync(pinFolder, { recursive: true, force: true });
  }
}
const count = (result) => rows.filter((row) => row.result === result).length;
const summary = {
  objects: rows.length,
  loads: count("loads"),
  inPart: count("in part"),
  refused: count("refused"),
  unreadable: count("unreadable"),
};
if (flag === "--json") process.stdout.write(`${JSON.stringify({ summary, rows }, undefined, 1)}\n`);
else {
  for (const { path, result, given, why, verdicts, loads, refused } of rows) {
    const parts = [given && `given ${given}`, why, verdicts && `verdicts ${JSON.stringify(verdicts)}`];
    if (result === "in part") parts.push(`${loads.length} of ${loads.length + refused.length} programs load`);
    process.stdout.write(`${result.padEnd(10)} ${path}  ${parts.filter(Boolean).join("; ")}\n`);
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}
