import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { CliError } from "./failure.js";
import { compileFiles } from "./programs.js";

let folder = "";

const files: Readonly<Record<string, string>> = {
  "go.mod": "module example.com/probes\n\ngo 1.26\n",
  "main/main.go3s": `package main
import (
	"example.com/probes/net"
	count "./count"
	"shared/limits"
)
// @xdp
func main(ctx *bpf.XDP) int {
	count.Hits.Increment(0)
	return int(net.Loopback) + limits.Most
}
`,
  "main/more.go3s": "package main\nfunc unused() int { return 1 }\n",
  "main/count/count.go3s": "package count\nvar Hits = bpf.PerCPUArray[uint64](1)\n",
  "net/net.go3s": "package net\nconst Loopback uint32 = 0x7f000001\n",
  "vendor/shared/limits/limits.go3s": "package limits\nconst Most = 7\n",
  "cycle/a/a.go3s": 'package a\nimport "../b"\nconst A = b.B\n',
  "cycle/b/b.go3s": 'package b\nimport "../c"\nconst B = c.C\n',
  "cycle/c/c.go3s": 'package c\nimport "../a"\nconst C = a.A\n',
  "lost/lost.go3s": 'package lost\nimport "./nowhere"\n// @xdp\nfunc main() int { return nowhere.X }\n',
};

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-packages-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("packages are found beside the file, in the module and below roots", () => {
  const { object, programs } = compileFiles([join(folder, "main")], {}, () => {}, {
    importRoots: [join(folder, "vendor")],
  });
  assert.ok(object.length > 0);
  assert.deepEqual(
    programs.map((each) => each.name),
    ["main"],
  );
});

test("what is not there is told with where it was looked for", () => {
  assert.throws(
    () => compileFiles([join(folder, "lost/lost.go3s")], {}, () => {}),
    (error) => {
      assert.ok(error instanceof CliError);
      assert.match(error.message, /lost\.go3s:2:8: error: there is no package "\.\/nowhere" \[undefined\]/);
      assert.ok(error.message.includes(`looked in ${join(folder, "lost/nowhere")}`), error.message);
      assert.match(error.message, /^1 error /);
      return true;
    },
  );
});

test("packages that import each other are refused with the whole way", () => {
  assert.throws(
    () => compileFiles([join(folder, "cycle/a/a.go3s")], {}, () => {}),
    (error) => {
      assert.ok(error instanceof CliError);
      assert.match(
        error.message,
        /^1 error .*\n.*c\.go3s:2:8: error: packages cannot import each other: a imports b imports c imports a/,
      );
      return true;
    },
  );
});
