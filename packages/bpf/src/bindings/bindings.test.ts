import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BpfError } from "../errors.js";
import { readObject } from "../object/read.js";
import { boundObject } from "../testing/bound-object.js";
import { skipWithoutBpf } from "../testing/kernel.js";
import { ownObject } from "../testing/own-object.js";
import { bindingsOf } from "./bindings.js";
import { checkBindings } from "./runtime.js";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const MODULES = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
const goVersion = /go1\.(\d+)/.exec(spawnSync("go", ["version"], { encoding: "utf8" }).stdout ?? "")?.[1];
// structs.HostLayout came with 1.23.
const hasGo = Number(goVersion ?? 0) >= 23 && spawnSync("gofmt", ["-h"]).error === undefined;

const TSCONFIG = {
  compilerOptions: {
    target: "ES2023",
    lib: ["ES2023", "ESNext.Disposable"],
    module: "NodeNext",
    moduleResolution: "NodeNext",
    strict: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    noImplicitOverride: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    erasableSyntaxOnly: true,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(MODULES, "@types")],
  },
  include: ["*.ts"],
};

const USER = `import { EventView, type Loaded, State } from "./probe.js";
export function use(probe: Loaded, view: EventView): string {
  const pid: number = view.pid;
  const delta: bigint = view.delta;
  const stat = probe.maps.stats.get(pid);
  const total = probe.maps.counts.get(0)?.reduce((a, b) => a + b, 0n);
  probe.variables.runs = 7n;
  probe.readEvents((event) => event.path.get(1).x + event.$number.delta).close();
  probe.readRaw((event) => event.$number.ts).close();
  probe.readPerf((event, length) => event.low + length).close();
  return \`\${delta} \${stat?.comm} \${stat?.state === State.ON} \${total} \${probe.variables.place.at_}\`;
}
`;

/** What the Go source uses of github.com/cilium/ebpf, so that it compiles without the network. */
const EBPF_STUB = `package ebpf

import "io"

type (
	CollectionOptions struct{}
	CollectionSpec    struct{}
	Map               struct{}
	MapSpec           struct{}
	Program           struct{}
	ProgramSpec       struct{}
	Variable          struct{}
	VariableSpec      struct{}
)

func LoadCollectionSpecFromReader(r io.ReaderAt) (*CollectionSpec, error) { return nil, nil }
func (*CollectionSpec) LoadAndAssign(to any, opts *CollectionOptions) error { return nil }
func (*Map) Close() error                                                  { return nil }
func (*Program) Close() error                                              { return nil }
`;

const GO_USER = `package main

func main() {
	var objs probeObjects
	if err := loadProbeObjects(&objs, nil); err != nil {
		panic(err)
	}
	defer objs.Close()
	event := probeEvent{Pid: 1, State: probeStateON, Delta: int64(-1)}
	println(event.Path[1].X, objs.Stats, objs.Runs)
}
`;

describe("bindings", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-bindings-"));
    mkdirSync(join(folder, "node_modules", "@go3s"), { recursive: true });
    symlinkSync(PACKAGE, join(folder, "node_modules", "@go3s", "bpf"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** compile writes files and gives what the strict compiler says of them; "" for nothing. */
  function compile(files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const done = spawnSync(process.execPath, [join(MODULES, "typescript", "bin", "tsc"), "-p", folder], {
      encoding: "utf8",
    });
    for (const name of Object.keys(files)) rmSync(join(folder, name));
    return done.status === 0 ? "" : `${done.stdout}${done.stderr}`;
  }

  const typescript = (spec: ReturnType<typeof boundObject>): string =>
    bindingsOf(spec, { language: "ts", source: "./probe.o", records: { raw: "event", perf: "event" } });

  test("a struct that changed is an error of the compiler in the user's code", () => {
    assert.equal(compile({ "probe.ts": typescript(boundObject()), "user.ts": USER }), "");
    const changed = typescript(boundObject({ pid: "tgid", narrowDelta: true }));
    const told = compile({ "probe.ts": changed, "user.ts": USER });
    assert.match(told, /user\.ts.*'pid' does not exist/);
    assert.match(told, /user\.ts.*'number' is not assignable to type 'bigint'/);
    assert.doesNotMatch(told, /probe\.ts/);
  });

  test("the bindings of a loaded object read what its program wrote", { skip: skipWithoutBpf() }, () => {
    const bytes = ownObject();
    const user = `import { load } from "./own.js";
const own = load({ constants: { factor: 21 } });
try {
  own.programs.count.testRun({});
  const value: bigint = own.maps.counts.get(0) ?? 0n;
  const runs: bigint = own.variables.runs;
  own.variables.runs = runs + 9n;
  console.log(JSON.stringify([Number(value), Number(runs), Number(own.variables.runs), own.variables.factor]));
} finally {
  own.close();
}
`;
    const own = bindingsOf(readObject(bytes), { language: "ts", source: "./own.o" });
    writeFileSync(join(folder, "own.o"), bytes);
    assert.equal(compile({ "own.ts": own, "run.ts": user }), "");
    const done = spawnSync(process.execPath, [join(folder, "run.js")], { encoding: "utf8" });
    assert.equal(done.stderr, "");
    assert.deepEqual(JSON.parse(done.stdout), [42, 1, 10, 21]);
  });

  test("bindings of another version of the object are refused when it is loaded", () => {
    const records = { raw: "event", perf: "event" };
    const digest = /checkBindings\(spec, "(\w+)"/.exec(typescript(boundObject()))?.[1] ?? "";
    checkBindings(boundObject(), digest, "probe.o", [], records);
    for (const other of [boundObject({ pid: "tgid" }), boundObject({ narrowDelta: true })]) {
      assert.throws(
        () => checkBindings(other, digest, "probe.o", [], records),
        (error) =>
          error instanceof BpfError && error.code === "bad-object" && /make them anew/.test(error.hint ?? ""),
      );
    }
  });

  test("names that no one would choose stay names in the source", () => {
    const evil = ['*/ evil(); /*"', "`evil()`", "constructor", "__proto__", "a\nevil();", "object", "\u2028"];
    const spec = boundObject({ maps: evil, members: evil });
    const source = bindingsOf(spec, {
      language: "ts",
      source: '*/ evil();\n"',
      records: { raw: "event", perf: "event" },
    });
    assert.doesNotMatch(source, /^\s*evil\(\)/m);
    assert.equal(compile({ "probe.ts": source, "user.ts": USER }), "");
    assert.throws(
      () => bindingsOf(spec, { language: "go", source: "probe.o" }),
      (error) =>
        error instanceof BpfError &&
        error.code === "bad-object" &&
        /cannot be named in Go/.test(error.message),
    );
  });

  test("types and buffers that the object does not have are told", () => {
    for (const more of [
      { types: ["nothing"] },
      { records: { raw: "nothing" } },
      { records: { stats: "event" } },
    ]) {
      assert.throws(
        () => bindingsOf(boundObject(), { language: "ts", source: "./probe.o", ...more }),
        (error) => error instanceof BpfError && error.code === "not-found",
      );
    }
  });

  test("Go gets structs of the exact layout, formatted, and errors where they changed", {
    skip: !hasGo && "no Go 1.23 or newer",
  }, () => {
    const module = join(folder, "go");
    mkdirSync(join(module, "ebpf"), { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(join(module, name), text);
    write("ebpf/go.mod", "module github.com/cilium/ebpf\n\ngo 1.23\n");
    write("ebpf/ebpf.go", EBPF_STUB);
    write(
      "go.mod",
      "module example.com/probe\n\ngo 1.23\n\nrequire github.com/cilium/ebpf v0.0.0\n\nreplace github.com/cilium/ebpf => ./ebpf\n",
    );
    write("probe.o", "");
    write("main.go", GO_USER);
    const go = (command: string, ...args: string[]): string => {
      const done = spawnSync(command, args, {
        cwd: module,
        encoding: "utf8",
        env: { ...process.env, GOFLAGS: "-mod=mod", GOPROXY: "off", GOTOOLCHAIN: "local", GOWORK: "off" },
      });
      return `${done.stdout}${done.stderr}`;
    };
    // Members whose names are no Go names, or differ in nothing Go can see.
    write(
      "probe.go",
      bindingsOf(boundObject({ members: ["a_b", "aB", "1", "*/ x"] }), { language: "go", source: "probe.o" }),
    );
    assert.equal(go("gofmt", "-l", "probe.go"), "");
    assert.equal(go("go", "vet", "."), "");
    write(
      "probe.go",
      bindingsOf(boundObject({ pid: "tgid", narrowDelta: true }), { language: "go", source: "probe.o" }),
    );
    const told = go("go", "vet", ".");
    assert.match(told, /main\.go.*(?:unknown field Pid|int64)/);
    assert.doesNotMatch(told, /probe\.go/);
  });
});
