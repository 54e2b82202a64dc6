import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { attachUsdt, usdtArguments } from "@go3s/bpf";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun, load } from "./testing/live.js";

// A probe as sys/sdt.h makes it: a nop, and a note with its address and where the arguments are.
const source = `#include <stdio.h>
long seven = 7;
long table[4] = {0, 10, 20, 30};
__attribute__((noinline)) void request(int code, long index) {
  short two = -2;
  __asm__ volatile("990: nop\\n.pushsection .note.stapsdt,\\"\\",\\"note\\"\\n.balign 4\\n"
    ".4byte 992f-991f, 994f-993f, 3\\n991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n"
    "993: .8byte 990b\\n.8byte 0\\n.8byte 0\\n.asciz \\"app\\"\\n.asciz \\"request\\"\\n"
    ".asciz \\"-4@%0 8@%1 -2@%2 8@%3 -8@%4\\"\\n994: .balign 4\\n.popsection\\n"
    :: "r"(code), "m"(seven), "m"(two), "m"(table[index]), "i"(-9));
}
int main(void) {
  while (getchar() == 'g') { request(-5, 3); puts("done"); fflush(stdout); }
  return 0;
}
`;

const probe = `var seen [6]int64
// @usdt
func request(ctx *bpf.USDT) int {
	seen[0] = int64(ctx.Arg(0))
	seen[1] = int64(ctx.Arg(1))
	seen[2] = int64(ctx.Arg(2))
	seen[3] = int64(ctx.Arg(3))
	seen[4] = int64(ctx.Arg(4))
	seen[5] = int64(ctx.Arg(5)) + 1
	return 0
}
`;

function cannotBuild(): string | false {
  if (process.arch !== "x64") return "the test program's operands are written for x86-64";
  return spawnSync("cc", ["--version"]).status === 0 ? false : "no C compiler on this machine";
}

async function pass(child: ChildProcess): Promise<void> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the program has no pipes");
  const done = once(stdout, "data");
  stdin.write("g");
  await done;
}

test("arguments of static probes are found where the note says", {
  skip: cannotRun() || cannotBuild(),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-lang-usdt-"));
  const path = join(folder, "app");
  writeFileSync(`${path}.c`, source);
  execFileSync("cc", ["-O2", "-o", path, `${path}.c`]);
  const child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
  try {
    using object = load(probe);
    const { pid } = child;
    assert.ok(pid !== undefined);
    const known = usdtArguments(object);
    assert.ok(known !== undefined);
    const where = { path, provider: "app", name: "request", pid, arguments: known };
    const link = attachUsdt(object.program("request"), where);
    try {
      await pass(child);
      const seen = object.get("seen");
      assert.ok(seen instanceof Uint8Array);
      assert.deepEqual([...new BigInt64Array(seen.slice().buffer)], [-5n, 7n, -2n, 30n, -9n, 1n]);
    } finally {
      link.close();
    }
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("libbpf knows the maps of such probes", {
  skip: cannotRun() || (hasBpftool() ? false : "bpftool is not here"),
}, () => {
  loadWithBpftool(build(probe).object);
});
