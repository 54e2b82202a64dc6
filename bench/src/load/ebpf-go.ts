import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The release that is compared with; its module is fetched by the Go tool, never kept in the checkout. */
const VERSION = "v0.22.0";

const source = `package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"time"

	"github.com/cilium/ebpf"
)

type answer struct {
	NS       int64 \`json:"ns"\`
	Programs int   \`json:"programs"\`
	Maps     int   \`json:"maps"\`
}

func main() {
	object, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready\\n")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		begin := time.Now()
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
		if err != nil {
			panic(err)
		}
		collection, err := ebpf.NewCollection(spec)
		if err != nil {
			panic(err)
		}
		took := time.Since(begin).Nanoseconds()
		json.NewEncoder(os.Stdout).Encode(answer{took, len(collection.Programs), len(collection.Maps)})
		collection.Close()
	}
}
`;

/** EbpfGo is the compiled peer, or why there is none. */
export type EbpfGo = { readonly program: string; readonly version: string } | { readonly missing: string };

/** buildEbpfGo builds the peer's loader. */
export function buildEbpfGo(folder: string): EbpfGo {
  return buildWithEbpfGo(folder, "loader", source);
}

/** buildWithEbpfGo builds a Go program in a folder of its own; it needs Go, and the module proxy once. */
export function buildWithEbpfGo(folder: string, name: string, text: string): EbpfGo {
  const place = join(folder, `ebpf-go-${name}`);
  mkdirSync(place);
  writeFileSync(join(place, "main.go"), text);
  writeFileSync(
    join(place, "go.mod"),
    `module ${name}\n\ngo 1.24\n\nrequire github.com/cilium/ebpf ${VERSION}\n`,
  );
  for (const args of [
    ["mod", "tidy"],
    ["build", "-o", name, "."],
  ]) {
    const done = spawnSync("go", args, { cwd: place, encoding: "utf8", timeout: 240_000 });
    if (done.status !== 0) {
      const why = (done.error?.message ?? done.stderr).trim().split("\n").at(-1) ?? "";
      return { missing: `go ${args.join(" ")} failed: ${why}` };
    }
  }
  return { program: join(place, name), version: VERSION };
}
