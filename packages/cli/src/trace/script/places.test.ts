import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { runCli } from "../../testing/running-go3s.js";

// What PROBE(...) of sys/sdt.h writes: a nop, and a note with its address, its counter's and the arguments.
const source = `
#include <stdio.h>
#define NOTE(name, text) \\
  "990: nop\\n.pushsection .note.stapsdt,\\"\\",\\"note\\"\\n.balign 4\\n.4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n993: .8byte 990b\\n.8byte 0\\n.8byte 0\\n" \\
  ".asciz \\"shop\\"\\n.asciz \\"" name "\\"\\n.asciz \\"" text "\\"\\n994: .balign 4\\n.popsection\\n"
struct item { int price; char name[12]; struct item *next; };
__attribute__((noinline)) int order(struct item *first, char kind, long count) {
  __asm__ volatile(NOTE("order", "-4@%0 8@%1 -1@%2 2@$65000") :: "r"(first->price), "m"(count), "r"(kind));
  return first->price;
}
__attribute__((noinline)) void paid(long amount) {
  __asm__ volatile(NOTE("paid", "8@%0") :: "r"(amount));
  __asm__ volatile(NOTE("paid", "4@$7") ::);
}
int main(void) {
  struct item second = {9, "tea", 0}, first = {-5, "coffee", &second};
  order(&first, 'x', 1L << 40);
  paid(100);
  return 0;
}
`;

const hasCompiler = spawnSync("cc", ["--version"]).status === 0;
const isX86 = process.arch === "x64";
const skip = !canObserve
  ? "needs root to load BPF programs"
  : hasCompiler && isX86
    ? false
    : "needs cc, and its notes are written for x86-64";

describe("probes of a program", { skip }, () => {
  let folder = "";
  let program = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "go3s-places-"));
    program = join(folder, "shop");
    writeFileSync(`${program}.c`, source);
    const built = spawnSync("cc", ["-g", "-O0", "-o", program, `${program}.c`], {
      encoding: "utf8",
    });
    assert.equal(built.status, 0, built.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const trace = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await runCli(["trace", script, "-c", program]);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  test("USDT arguments are read from registers, memory and constants, with their widths and signs", async () => {
    const text = await trace(
      `usdt:${program}:shop:order { printf("%d %ld %d %d\\n", arg0, arg1, arg2, arg3); }`,
    );
    assert.match(text, /^-5 1099511627776 120 65000$/m);
  });

  test("places of one USDT probe with other arguments are told apart; patterns take all probes", async () => {
    assert.match(await trace(`usdt:${program}:paid { printf("%d\\n", arg0); }`), /^100\n7$/m);
    assert.match(
      await trace(`usdt:${program}:* { @[probe] = count(); }`),
      /shop:order\]: 1\n[\s\S]*shop:paid\]: 2/,
    );
  });

  test("arguments have the names and structs of the program's DWARF", async () => {
    const body =
      'printf("%d %s %s %c\\n", args.first->price, args.first->name, args.first->next->name, args.kind);';
    assert.match(await trace(`uprobe:${program}:order { ${body} }`), /^-5 coffee tea x$/m);
    const cast = 'printf("%d\\n", ((struct item *)arg0)->next->price);';
    assert.match(await trace(`uprobe:${program}:order { ${cast} }`), /^9$/m);
    assert.match(
      await trace(`uprobe:${program}:order { print(args); }`),
      /^\{ \.first = 0x[0-9a-f]+, \.kind = 120, \.count = /m,
    );
  });

  test("a function's address and its first line are its entry", async () => {
    const line = source.split("\n").findIndex((each) => each.includes("int order(")) + 1;
    const text = await trace(
      `uprobe:${program}@shop.c:${line} { @line = reg("ip"); } uprobe:${program}:order { @name = reg("ip"); }`,
    );
    const [, at] = /^@line: (\d+)$/m.exec(text) ?? [];
    assert.ok(at !== undefined, text);
    assert.match(text, new RegExp(`^@name: ${at}$`, "m"));
  });

  test("programs of one place run as they stand in the script", async () => {
    const order = [1, 2, 3].map((n) => `uprobe:${program}:paid { printf("${n}"); }`).join(" ");
    assert.match(await trace(order), /^123$/m);
  });

  test("-l lists functions, USDT probes and a script's own; -lv their arguments", async () => {
    const list = async (...args: string[]): Promise<string> => (await runCli(["trace", ...args])).stdout;
    assert.match(await list("-l", `uprobe:${program}:o*`), /^uprobe:\/.*\/shop:order$/m);
    assert.equal(
      await list("-l", `usdt:${program}:*`),
      `usdt:${program}:shop:order\nusdt:${program}:shop:paid\n`,
    );
    assert.equal(
      await list("-lv", `uprobe:${program}:order`),
      `uprobe:${program}:order\n    struct item* first\n    char kind\n    long int count\n`,
    );
    assert.equal(
      await list("-l", "-e", "interval:ms:5 { } hardware:cycles:9 { }"),
      "interval:ms:\nhardware:cycles:\n",
    );
  });
});

describe("probes of the kernel", { skip: canObserve ? false : "needs root to load BPF programs" }, () => {
  test("raw tracepoints have names and types from BTF", async () => {
    const { code, stdout, stderr } = await runCli([
      "trace",
      'rawtracepoint:sched_process_exec { printf("%d %s\\n", args.p->pid == pid, str(args.bprm->filename)); }',
      "-c",
      "/bin/true go3s",
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1 \/bin\/true$/m);
  });

  test("an iterator walks the tasks once and ends", async () => {
    const { code, stdout, stderr } = await runCli(["trace", "iter:task { @[ctx.task->comm] = count(); }"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^@\[node\]: [1-9]\d*$/m);
  });

  test("a name that is not there, and what this kernel refuses, are told with what to do", async () => {
    const missing = await runCli(["trace", "t:sched:sched_swich { } BEGIN { exit(); }"]);
    assert.equal(missing.code, 2);
    assert.match(
      missing.stderr,
      /No matches for tracepoint sched:sched_swich\.[\s\S]*did you mean sched:sched_switch/,
    );
    const lax = await runCli([
      "trace",
      "config = { missing_probes = warn } t:sched:sched_swich { } BEGIN { exit(); }",
    ]);
    assert.equal(lax.code, 0, lax.stderr);
    assert.match(lax.stderr, /No matches for tracepoint sched:sched_swich\. Skipping\./);
    // Refused while it is loaded (fentry here) or attached (kprobes): the others go on.
    const script = "config = { missing_probes = ignore } fentry:vfs_read, kprobe:vfs_read { @ = 1; }";
    const partly = await runCli(["trace", `${script} interval:ms:10 { printf("on\\n"); exit(); }`]);
    assert.equal(partly.code, 0, partly.stderr);
    assert.match(partly.stdout, /^on$/m);
  });

  test("-lv shows a tracepoint's fields and a struct of the kernel", async () => {
    const { stdout } = await runCli([
      "trace",
      "-lv",
      "tracepoint:sched:sched_switch,struct fd,software:cpu-clock:",
    ]);
    assert.match(stdout, /^tracepoint:sched:sched_switch\n {4}char prev_comm\[16\]\n {4}pid_t prev_pid\n/);
    assert.match(stdout, /^vmlinux: struct fd \{\n {8}[\s\S]*\n\};\nsoftware:cpu-clock:$/m);
  });
});

test("test: probes tell by what they return; bench: probes are timed", {
  skip: canObserve ? false : "needs root to load BPF programs",
}, async () => {
  const tests = await runCli([
    "bpftrace",
    "--test",
    "-e",
    "test:good { @x = 1; } test:bad { return 3; } bench:slow { }",
  ]);
  assert.equal(tests.code, 1);
  assert.match(tests.stdout, /^\[ {7}OK \] good$/m);
  assert.match(tests.stdout, /^\[ {2}FAILED {2}\] bad: it returned 3\n1 of 2 tests passed$/m);
  const bench = await runCli([
    "bpftrace",
    "--bench",
    "-e",
    "bench:quick { @ = count(); } test:bad { return 3; }",
  ]);
  assert.equal(bench.code, 0, bench.stderr);
  assert.match(bench.stdout, /^quick +\d+ +\d+$/m);
});
