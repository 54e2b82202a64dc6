import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";

/** goIsMissing is the reason to skip a test that builds Go programs, false where it can run. */
export const goIsMissing: string | false =
  spawnSync("go", ["version"]).status === 0 ? false : "no Go toolchain on this machine";

/** hasTool tells whether a program answers --version. */
export function hasTool(name: string): boolean {
  return spawnSync(name, ["--version"]).status === 0;
}

// A tool that hangs is a failure: the slowest here is a Go build on a cold cache.
const runMs = 300_000;

/** run runs a tool and returns its output; a failure throws with what it said. */
export function run(command: string, args: readonly string[], cwd?: string): string {
  const done = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 0x2000_0000,
    timeout: runMs,
    ...(cwd ? { cwd } : {}),
  });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stderr}${done.error ?? ""}`);
  return done.stdout;
}

/** Workshop is a folder in which Go programs are built; disposing of it removes them. */
export interface Workshop extends Disposable {
  readonly folder: string;
  /** build builds the one-file program and returns its path; settings are NAME=value of the environment. */
  build(name: string, source: string, flags?: readonly string[], settings?: readonly string[]): string;
}

/** openWorkshop makes the folder. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), "go3s-binary-"));
  writeFileSync(join(folder, "go.mod"), "module example.com/fixture\n\ngo 1.21\n");
  return {
    folder,
    build(name, source, flags = [], settings = []) {
      const path = join(folder, name);
      writeFileSync(join(folder, `${name}.go`), source);
      run(
        "env",
        ["CGO_ENABLED=0", "GOFLAGS=", ...settings, "go", "build", ...flags, "-o", path, `${name}.go`],
        folder,
      );
      return path;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** workshopOfTests gives one workshop for all tests of a file, made when the first asks and removed after the last. */
export function workshopOfTests(): () => Workshop {
  let opened: Workshop | undefined;
  after(() => opened?.[Symbol.dispose]());
  return () => {
    opened ??= openWorkshop();
    return opened;
  };
}

/** helloSource compiles in seconds: the runtime and fmt. */
export const helloSource = `package main

import (
	"fmt"
	"os"
)

type Shape struct {
	Name  string
	Flag  bool
	Sides int64
	Inner struct{ A, B int32 }
	Next  *Shape
}

//go:noinline
func classify(n int) string {
	switch {
	case n < 0:
		return "negative"
	case n == 0:
		return "zero"
	}
	return fmt.Sprint(n)
}

//go:noinline
func describe(s *Shape) string { return fmt.Sprintf("%s %d", s.Name, s.Sides) }

func main() {
	fmt.Println(classify(len(os.Args)), describe(&Shape{Name: "square", Sides: 4}))
}
`;

/** serverSource keeps the structs of net/http's server and client, and of database/sql. */
export const serverSource = `package main

import (
	"database/sql"
	"fmt"
	"net/http"
)

func main() {
	db, _ := sql.Open("none", "")
	if statement, err := db.Prepare("SELECT 1"); err == nil {
		statement.Query()
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	go func() { http.Get("http://127.0.0.1:1/") }()
	http.ListenAndServe("127.0.0.1:0", nil)
}
`;

/** GoFixture is a stripped Go program that npm installed. */
export interface GoFixture {
  readonly path: string;
  /** version of Go that built it. */
  readonly version: string;
  readonly package: string;
}

/** npmFixtures lists the Go programs in node_modules: two releases of esbuild, and TypeScript's own compiler. */
export function npmFixtures(): GoFixture[] {
  const require = createRequire(import.meta.url);
  const modules = dirname(dirname(require.resolve("fast-check/package.json")));
  const found = [
    {
      path: join(modules, "go-fixture-1.17/bin/esbuild"),
      version: "go1.17.2",
      package: "github.com/evanw/esbuild/cmd/esbuild",
    },
    {
      path: join(modules, "go-fixture-1.19/bin/esbuild"),
      version: "go1.19",
      package: "github.com/evanw/esbuild/cmd/esbuild",
    },
  ];
  const scope = join(modules, "@typescript");
  const compilers = existsSync(scope) ? readdirSync(scope) : [];
  for (const name of compilers) {
    found.push({
      path: join(scope, name, "lib/tsc"),
      version: "go1.",
      package: "github.com/microsoft/typescript-go/cmd/tsgo",
    });
  }
  return found.filter((row) => existsSync(row.path));
}
