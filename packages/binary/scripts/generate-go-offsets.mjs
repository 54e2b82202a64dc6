// Writes src/go/offset-table.generated.ts: builds one program with real Go toolchains and reads the structs' offsets from its DWARF.
// Needs `go`, network (the module proxy serves the toolchains) and `npx tsc -b packages/binary`. Minutes, not seconds.
//   node packages/binary/scripts/generate-go-offsets.mjs [go1.26.8=/path/to/built/binary …]
// A version given with a path is not built again.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { openGoBinary } = await import("../dist/index.js");
const { readStructs } = await import("../dist/dwarf/structs.js");
const { goStructFields } = await import("../dist/go/offset-fields.js");

// The last patch release of each minor one; `local` is the toolchain installed here.
const releases = [
  "go1.16.15",
  "go1.17.13",
  "go1.18.10",
  "go1.19.13",
  "go1.20.14",
  "go1.21.13",
  "go1.22.12",
  "go1.23.12",
  "go1.24.11",
  "go1.25.5",
  "local",
  "go1.27.4",
];

// Uses server, client, TLS and a database, so that the linker keeps every struct of the table.
const program = `package main

import (
	"database/sql"
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	go func() { http.Get("https://127.0.0.1:1/") }()
	db, _ := sql.Open("none", "")
	if statement, err := db.Prepare("SELECT 1"); err == nil {
		statement.Query()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
`;

const given = new Map(process.argv.slice(2).map((argument) => argument.split("=")));
const folder = mkdtempSync(join(tmpdir(), "go3s-offsets-"));
const table = {};
const built = [];
try {
  writeFileSync(join(folder, "go.mod"), "module offsets\n\ngo 1.16\n");
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
    const structs = readStructs(binary.elf, Object.keys(goStructFields));
    const { minor, patch } = binary.version;
    built.push(`1.${minor}.${patch}`);
    for (const [struct, fields] of Object.entries(goStructFields)) {
      for (const field of fields) {
        const offset = structs.get(struct)?.fields.find((row) => row.name === field)?.offset ?? null;
        table[struct] ??= {};
        table[struct][field] ??= [];
        const rows = table[struct][field];
        const before = rows.length === 0 ? null : rows.at(-1)[1];
        if (before !== offset) rows.push([minor, offset]);
      }
    }
    binary.close();
  }
} finally {
  rmSync(folder, { recursive: true });
}

const lines = [
  "// Made by scripts/generate-go-offsets.mjs from the DWARF of one program with net/http and database/sql, built for linux/amd64 by",
  `// Go ${built.join(", ")}.`,
  "// arm64 has the same offsets (a test compares them). Edit the list in offset-fields.ts, then run the script.",
  "",
  "/** OffsetRow is [first minor release with this offset, offset in bytes; null: the field is not there (any more)]. */",
  "export type OffsetRow = readonly [minor: number, offset: number | null];",
  "",
  "/** offsetTable has for each struct and field its rows, ascending by release. */",
  "export const offsetTable: Readonly<Record<string, Readonly<Record<string, readonly OffsetRow[]>>>> = {",
];
for (const [struct, fields] of Object.entries(table)) {
  lines.push(`  "${struct}": {`);
  for (const [field, rows] of Object.entries(fields)) {
    lines.push(`    ${field}: [${rows.map(([minor, offset]) => `[${minor}, ${offset}]`).join(", ")}],`);
  }
  lines.push("  },");
}
lines.push("};", "");
writeFileSync(new URL("../src/go/offset-table.generated.ts", import.meta.url), lines.join("\n"));
console.log(`wrote ${built.length} releases`);
