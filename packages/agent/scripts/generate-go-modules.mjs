// Writes src/go/module-table.generated.ts: builds one program with published versions of google.golang.org/grpc (and what they
// bring along of golang.org/x/net and of gRPC's statuses), and one of net/http with Go's own releases, and reads the structs'
// offsets from their DWARF.
// Needs `go`, network (the module proxy serves modules and toolchains) and `npx tsc -b packages/agent`. Minutes, not seconds.
//   node packages/agent/scripts/generate-go-modules.mjs [FOLDER]
// What is in FOLDER, from a run before, is not built again.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { openGoBinary, readStructs } = await import("@go3s/binary");
const { streamStructs, tabled, versionRank } = await import("../dist/go/stream-structs.js");

// What lies between two of these is only known where both agree.
const grpcVersions = ["v1.40.0", "v1.60.0", "v1.65.0", "v1.68.0", "v1.69.0", "v1.76.0", "v1.77.0", "v1.85.0"];

// The last patch release of each minor one; `local` is the toolchain installed here.
const goReleases = [
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

const grpcProgram = `package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
)

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	connection, err := grpc.Dial(listener.Addr().String(), grpc.WithInsecure())
	fmt.Println(err, connection.Invoke(context.Background(), "/a.B/C", nil, nil))
	(&http.Client{Transport: &http2.Transport{}}).Get("https://127.0.0.1:1/")
	accepted, _ := listener.Accept()
	(&http2.Server{}).ServeConn(accepted, &http2.ServeConnOpts{})
	grpc.NewServer().Serve(listener)
}
`;

const httpProgram = `package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	go func() { http.Get("https://127.0.0.1:1/") }()
	http.ListenAndServeTLS("127.0.0.1:0", "", "", nil)
}
`;

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), "go3s-modules-"));

/** build makes a program unless it is there; undefined when it cannot be made. */
function build(name, source, minimum, modules, toolchain) {
  const place = join(folder, name);
  const path = join(place, "program");
  if (existsSync(path)) return path;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "go.mod"), `module table\n\ngo ${minimum}\n`);
  writeFileSync(join(place, "main.go"), source);
  // GOENV=off: flags that this machine sets for its own Go may be unknown to an old one.
  const env = { ...process.env, GOENV: "off", CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: toolchain };
  const run = (...args) => spawnSync("go", args, { cwd: place, env, encoding: "utf8" });
  const steps = modules.length > 0 ? [["get", ...modules]] : [];
  for (const step of [...steps, ["build", "-p", "1", "-o", path, "."]]) {
    const done = run(...step);
    if (done.status === 0) continue;
    console.error(`${name}: not built, its rows stay as the version before has them\n${done.stderr}`);
    return undefined;
  }
  return path;
}

/** found is by module, struct and field the offset in each version. */
const found = {};
const seen = {};

function read(path, modules) {
  const binary = openGoBinary(path);
  const structs = readStructs(binary.elf, Object.keys(streamStructs)) ?? new Map();
  for (const module of modules) {
    const rank =
      module === "std"
        ? binary.version.minor * 1000
        : versionRank(
            binary.build.dependencies.find(
              (each) => each.path === module || each.path.startsWith(`${module}/googleapis/rpc`),
            )?.version ?? "",
          );
    if (rank === undefined || seen[`${module} ${rank}`]) continue;
    seen[`${module} ${rank}`] = true;
    for (const [struct, fields] of Object.entries(tabled[module])) {
      const layout = structs.get(struct);
      for (const field of fields) {
        const offset = layout?.fields.find((row) => row.name === field)?.offset ?? null;
        found[module] ??= {};
        found[module][struct] ??= {};
        found[module][struct][field] ??= [];
        found[module][struct][field].push([rank, offset]);
      }
    }
  }
  binary.close();
}

const modules = ["google.golang.org/grpc", "google.golang.org/genproto", "golang.org/x/net"];
try {
  for (const release of goReleases) {
    const path = build(release, httpProgram, "1.17", [], release);
    if (path !== undefined) read(path, ["std"]);
    console.log(release);
  }
  for (const version of grpcVersions) {
    const wanted = [`google.golang.org/grpc@${version}`];
    const path = build(`grpc-${version}`, grpcProgram, "1.20", wanted, "local");
    if (path !== undefined) read(path, modules);
    console.log(`grpc ${version}`);
  }
} finally {
  if (given === undefined) rmSync(folder, { recursive: true });
}

const lines = [
  "// Made by scripts/generate-go-modules.mjs from programs built for linux/amd64 with",
  `// grpc ${grpcVersions.join(", ")}`,
  "// and Go's releases from 1.17 on.",
  "// Edit the lists in stream-structs.ts or the script, then run it.",
  "",
  "/** Since is [first version's rank, offset in bytes; null: the member is not there (any more)]. */",
  "export type Since = readonly [rank: number, offset: number | null];",
  "",
  "/** moduleTable has by module, struct and member the offsets, ascending by version (stream-structs.ts, versionRank). */",
  "export const moduleTable: Readonly<",
  "  Record<string, Readonly<Record<string, Readonly<Record<string, readonly Since[]>>>>>",
  "> = {",
];
for (const [module, structs] of Object.entries(found)) {
  lines.push(`  "${module}": {`);
  for (const [struct, fields] of Object.entries(structs)) {
    lines.push(`    "${struct}": {`);
    for (const [field, all] of Object.entries(fields)) {
      const rows = [];
      for (const row of all.sort((a, b) => a[0] - b[0])) {
        const before = rows.length === 0 ? null : rows.at(-1)[1];
        if (before !== row[1]) rows.push(row);
      }
      lines.push(`      ${field}: ${JSON.stringify(rows)},`);
    }
    lines.push("    },");
  }
  lines.push("  },");
}
lines.push("};", "");
lines.push(
  "/** sampledVersions has by module the ranks of the versions that the table was made from. */",
  "export const sampledVersions: Readonly<Record<string, readonly number[]>> = {",
);
for (const module of Object.keys(found)) {
  const ranks = Object.keys(seen).filter((each) => each.startsWith(`${module} `));
  const sorted = ranks.map((each) => Number(each.slice(module.length + 1))).sort((a, b) => a - b);
  lines.push(`  "${module}": ${JSON.stringify(sorted)},`);
}
lines.push("};", "");
writeFileSync(new URL("../src/go/module-table.generated.ts", import.meta.url), lines.join("\n"));
console.log(`wrote ${Object.keys(seen).length} versions`);
