import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { canObserve } from "./testing/go-service.js";
import { runCli } from "./testing/running-go3s.js";

const synCount = fileURLToPath(new URL("../../../examples/syn-count.go3s", import.meta.url));

describe("build", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-build-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("writes bindings with the types of maps, variables and events, for an object of anyone's too", async () => {
    const object = join(folder, "syn.o");
    const into = join(folder, "generated");
    const args = ["-o", object, "--bindings", "ts,go", "--bindings-dir", into];
    const done = await runCli(["build", synCount, ...args]);
    assert.equal(done.code, 0, done.stderr);
    const typescript = readFileSync(join(into, "syn.ts"), "utf8");
    assert.match(typescript, /DstPort/);
    assert.match(typescript, /\.\.\/syn\.o/, "the module finds the object from where it lies");
    const go = readFileSync(join(into, "syn.go"), "utf8");
    assert.match(go, /^package main$/m);
    assert.match(go, /go:embed syn\.o/);
    assert.deepEqual(readFileSync(join(into, "syn.o")), readFileSync(object), "Go embeds it from beside");

    const again = await runCli(["build", object, "--bindings", "ts", "--json"]);
    assert.equal(again.code, 0, again.stderr);
    const path = join(folder, "syn.ts");
    assert.equal(again.stdout.trim(), JSON.stringify({ event: "bindings", language: "ts", path }));
    assert.match(readFileSync(path, "utf8"), /\.\/syn\.o/);
  });

  test("tells which values are too large for the stack: each run has to claim them", async () => {
    const source = join(folder, "large.go3s");
    const program = (bytes: number) => `package large

var seen = bpf.Hash[uint8, uint64](256)

// @uprobe
func onCall(ctx *bpf.UProbe) int {
	var line [${bytes}]byte
	bpf.ReadUserString(&line, ctx.Arg(0))
	seen.Increment(line[17])
	return 0
}
`;
    const note = "onCall: too large for the stack, kept in the per-CPU map scratch_0: line (600 bytes)";
    for (const [bytes, isTold] of [
      [600, true],
      [60, false],
    ] as const) {
      writeFileSync(source, program(bytes));
      const args = ["build", source, "-o", join(folder, "large.o")];
      const [text, json] = [await runCli(args), await runCli([...args, "--json"])];
      assert.equal(text.code, 0, text.stderr);
      assert.equal(text.stderr.split("\n").includes(note), isTold, text.stderr);
      const row = JSON.stringify({ event: "note", text: note });
      assert.equal(json.stdout.split("\n").includes(row), isTold, json.stdout);
    }
  });

  test("loads and pins with -target=bpffs, and writes bindings", {
    skip: canObserve ? false : "needs root to load BPF programs",
  }, async () => {
    const pin = `/sys/fs/bpf/go3s-test-build-${process.pid}`;
    const args = ["-target=bpffs", "--pin", pin, "-o", join(folder, "pinned.o")];
    const done = await runCli(["build", synCount, ...args]);
    try {
      assert.equal(done.code, 0, done.stderr);
      for (const below of ["programs/onState", "maps/synCount", "maps/events", "maps/_rodata"])
        assert.ok(existsSync(join(pin, below)), below);
      for (const name of ["pinned.ts", "pinned.go"]) assert.ok(existsSync(join(folder, name)), name);
    } finally {
      assert.equal((await runCli(["unload", "--pin", pin])).code, 0);
    }
    assert.ok(!existsSync(pin));
  });

  test("says what does not go together", async () => {
    const cases = [
      { args: [synCount, "--target", "bpffs"], says: /--pin/ },
      { args: [synCount, "-o", join(folder, "x.o"), "--pin", "/sys/fs/bpf/x"], says: /--target bpffs/ },
      { args: [synCount, "--target", "wasm"], says: /object or bpffs/ },
      { args: [synCount, "--bindings", "rust"], says: /ts, go/ },
      { args: [join(folder, "any.o")], says: /--bindings/ },
    ];
    for (const { args, says } of cases) {
      const result = await runCli(["build", ...args]);
      assert.equal(result.code, 2, result.stderr);
      assert.match(result.stderr, says);
    }
  });
});
