// Writes src/runtime/runtime-table.generated.ts: builds one program with real Go toolchains, reads the structs' offsets from
// its DWARF, the reasons goroutines wait for from its data, and by its symbols which references of which function mean which
// global variable: a stripped program has no other way to say.
// Needs `go`, network (the module proxy serves the toolchains) and `npx tsc -b packages/agent`. Minutes, not seconds.
//   node packages/agent/scripts/generate-go-runtime.mjs [go1.25.5=/path/to/built/binary …]
// A version given with a path is not built again.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { dataReferences, openGoBinary, readStructs } = await import("@go3s/binary");
const { structOffset } = await import("../dist/runtime/struct-path.js");
const { goFields, goGlobals } = await import("../dist/runtime/wanted.js");

// The last patch release of each minor one; `local` is the toolchain installed here.
const releases = [
  "go1.17.13",
  "go1.18.10",
  "go1.19.13",
  "go1.20.14",
  "go1.21.13",
  "go1.22.12",
  "go1.23.12",
  "go1.24.13",
  "go1.25.5",
  "local",
  "go1.27.4",
];

const program = `package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	http.ListenAndServe("127.0.0.1:0", nil)
}
`;

// Run rarely, so that profile-guided optimisation leaves them as they are, and in every program.
const carriers = [
  "runtime.schedinit",
  "runtime.procresize",
  "runtime.mcommoninit",
  "runtime.checkdead",
  "runtime.schedtrace",
  "runtime.sysmon",
  "runtime.allgadd",
  "runtime.forEachG",
  "runtime.mallocinit",
  "runtime.gcStart",
  "runtime.gcMarkTermination",
  "runtime.gcMark",
  "runtime.gcSweep",
  "runtime.gcResetMarkState",
  "runtime.gcMarkDone",
  "runtime.stopTheWorldWithSema",
  "runtime.startTheWorldWithSema",
  "runtime.gfpurge",
  "runtime.gcControllerCommit",
  "runtime.(*gcControllerState).commit",
  "runtime.(*gcControllerState).startCycle",
  "runtime.(*mheap).init",
  "runtime.(*mheap).sysAlloc",
  "runtime.readGOGC",
  "runtime.gcinit",
  "runtime.mstart1",
  "runtime.stoplockedm",
  "runtime.bgsweep",
];
const perGlobal = 4;

/** referencesTo finds carriers' references to a global, the ones nearest to its start first. */
function referencesTo(binary, name) {
  const symbol = binary.elf.symbols().find(name);
  if (symbol === undefined) return [];
  const found = [];
  for (const carrier of carriers) {
    const fn = binary.functions.find(carrier);
    if (fn === undefined) continue;
    const places = dataReferences(binary.elf.machine, binary.code(fn));
    const at = places.findIndex(
      (place) => fn.entry + place >= symbol.value && fn.entry + place < symbol.value + symbol.size,
    );
    if (at >= 0) found.push([carrier, at, fn.entry + places[at] - symbol.value]);
  }
  return found.slice(0, perGlobal);
}

/** waitReasons reads [N]string from the program's data. */
function waitReasons(binary) {
  const symbol = binary.elf.symbols().find("runtime.waitReasonStrings");
  if (symbol === undefined) return [];
  const { view } = binary.elf.readAddress(symbol.value, symbol.size);
  const texts = [];
  for (let at = 0; at < symbol.size; at += 16) {
    const length = Number(view.getBigUint64(at + 8, true));
    if (length === 0) texts.push("");
    else
      texts.push(
        Buffer.from(binary.elf.readAddress(Number(view.getBigUint64(at, true)), length).data).toString(),
      );
  }
  return texts;
}

const given = new Map(process.argv.slice(2).map((argument) => argument.split("=")));
const folder = mkdtempSync(join(tmpdir(), "go3s-runtime-"));
const offsets = {};
const references = {};
const reasons = [];
const built = [];
const minors = [];

/** row appends what holds from a release on, unless the one before says the same. */
function row(rows, minor, value) {
  const before = rows.length === 0 ? null : rows.at(-1)[1];
  if (JSON.stringify(before) !== JSON.stringify(value)) rows.push([minor, value]);
}

try {
  writeFileSync(join(folder, "go.mod"), "module table\n\ngo 1.16\n");
  writeFileSync(join(folder, "main.go"), program);
  for (const release of releases) {
    let path = given.get(release);
    if (path === undefined) {
      path = join(folder, release);
      // GOENV=off: flags that this machine sets for its own Go may be unknown to an old one.
      const env = { ...process.env, GOENV: "off", CGO_ENABLED: "0", GOTOOLCHAIN: release, GOFLAGS: "" };
      const done = spawnSync("go", ["build", "-o", path, "main.go"], { cwd: folder, env, encoding: "utf8" });
      if (done.status !== 0) {
        console.error(`${release}: not built, its rows stay as the release before has them\n${done.stderr}`);
        continue;
      }
    }
    const binary = openGoBinary(path);
    const { minor, patch } = binary.version;
    built.push(`1.${minor}.${patch}`);
    minors.push(minor);
    const structs = (names) => readStructs(binary.elf, names) ?? new Map();
    for (const [struct, fields] of Object.entries(goFields)) {
      offsets[struct] ??= {};
      for (const field of fields) {
        offsets[struct][field] ??= [];
        row(offsets[struct][field], minor, structOffset(structs, struct, field) ?? null);
      }
    }
    for (const name of goGlobals) {
      references[name] ??= [];
      row(references[name], minor, referencesTo(binary, name));
    }
    row(reasons, minor, waitReasons(binary));
    binary.close();
  }
} finally {
  rmSync(folder, { recursive: true });
}

const lines = [
  "// Made by scripts/generate-go-runtime.mjs from one net/http program built for linux/amd64 by",
  `// Go ${built.join(", ")}.`,
  "// Edit the lists in wanted.ts or the script, then run it.",
  "",
  "/** Since is [first minor release that it holds for, value; null: the member is not there (any more)]. */",
  "export type Since<T> = readonly (readonly [minor: number, value: T])[];",
  "",
  "/** knownMinors is the oldest and the newest release of the table. */",
  `export const knownMinors = { first: ${Math.min(...minors)}, last: ${Math.max(...minors)} } as const;`,
  "",
  "/** fieldTable has for each struct and member its offsets. */",
  "export const fieldTable: Readonly<Record<string, Readonly<Record<string, Since<number | null>>>>> = {",
];
for (const [struct, fields] of Object.entries(offsets)) {
  lines.push(`  "${struct}": {`);
  for (const [field, rows] of Object.entries(fields)) lines.push(`    "${field}": ${JSON.stringify(rows)},`);
  lines.push("  },");
}
lines.push(
  "};",
  "",
  "/** Reference says which of a function's data references means a variable, and how far behind its start it points. */",
  "export type Reference = readonly [fn: string, index: number, behind: number];",
  "",
  "/** referenceTable has for each variable who refers to it. */",
  "export const referenceTable: Readonly<Record<string, Since<readonly Reference[]>>> = {",
);
for (const [name, rows] of Object.entries(references)) lines.push(`  "${name}": ${JSON.stringify(rows)},`);
lines.push(
  "};",
  "",
  "/** waitReasonTable has the runtime's own words for what a goroutine waits for, by number. */",
  `export const waitReasonTable: Since<readonly string[]> = ${JSON.stringify(reasons)};`,
  "",
);
writeFileSync(new URL("../src/runtime/runtime-table.generated.ts", import.meta.url), lines.join("\n"));
console.log(`wrote ${built.length} releases`);
