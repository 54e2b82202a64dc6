import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { runCli } from "../../testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-functions-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** told runs a script quietly as bpftrace and gives what it wrote. */
async function told(script: string, ...more: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCli([
    "bpftrace",
    "-q",
    ...more.slice(0, 2),
    "-e",
    script,
    ...more.slice(2),
  ]);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

test("printf looks at as many bits as its letters say, and writes bytes and flags", { skip }, async () => {
  const lines = await told(`BEGIN {
    $x = 0x12345678abcdef;
    printf("%hhx %hx %x %lx|%5d|%-5s|%05d|%s\\n", $x, $x, $x, $x, -3, "ab", 42, 7);
    printf("%r %rx %rh|%gr\\n", buf("A\\0b", 3), buf("A", 1), buf("A\\n", 2), 0xcc0);
  }`);
  assert.deepEqual(lines, [
    "ef cdef 78abcdef 12345678abcdef|   -3|ab   |00042|7",
    "A\\x00b \\x41 41 0a|GFP_KERNEL",
  ]);
});

test("texts are measured, searched, compared, cut and put into order of bytes", { skip }, async () => {
  const lines = await told(
    `BEGIN {
    $hay = "hello world"; $needle = "wor"; $none = "xyz";
    printf("%d %d %d %d\\n", strlen($hay), strstr($hay, $needle), strstr($hay, $none), strcontains($hay, $needle));
    printf("%d %d %d\\n", strncmp($hay, "help", 3), strncmp($hay, $needle, 2), strncmp("a", "b", 1));
    printf("%s|%s|%s\\n", str($1), str($1, 3), str($1 + 2));
    printf("%x %x %x\\n", bswap((uint16)0x1234), bswap((uint32)0x12345678), bswap((uint8)0x12));
  }`,
    "-k",
    "-q",
    "parameter",
  );
  assert.deepEqual(lines, ["11 6 -1 1", "0 1 1", "parameter|pa|rameter", "3412 78563412 12"]);
});

test("addresses, errors, users and control groups get their names when they are printed", {
  skip,
}, async () => {
  const lines = await told(
    `BEGIN {
    printf("%s %s %s\\n", ntop(0x0100007f), ntop(10, pton("2001:db8::7")), strerror(ENOENT));
    print((username, 1));
    @[ntop(pton("10.1.2.3"))] = strerror(13);
    print(cgroup_path(cgroup));
  }`,
  );
  assert.equal(lines[0], "127.0.0.1 2001:db8::7 No such file or directory");
  assert.equal(lines[1], "(root, 1)");
  assert.match(lines[2] ?? "", /^(?:$|[a-z]*:\/)/);
  assert.ok(lines.includes("@[10.1.2.3]: Permission denied"));
});

test("clocks, numbers of the process, and settings are known", { skip }, async () => {
  const [first = "", second = ""] = await told(`BEGIN {
    $all = nsecs > 0 && nsecs(monotonic) <= nsecs(boot) && nsecs(tai) > 0 && elapsed < 60000000000;
    printf("%d %d %d %d\\n", $all, pid == pid(curr_ns), jiffies > 0, ncpus > 0);
    printf("%d %s %d %s\\n", config().max_strlen, config().stack_mode, usermode, probetype);
  }`);
  assert.deepEqual([first, second], ["1 1 1 1", "1024 bpftrace 1 special"]);
});

test("cat, system and errors of the script are told; system asks for --unsafe", { skip }, async () => {
  const file = join(folder, "text");
  writeFileSync(file, "of a file\n");
  const script = `BEGIN { cat("%s/text", str($1)); system("echo %d words; echo more", 2); errorf("no %d", 5); exit(7); }`;
  const { code, stdout, stderr } = await runCli(["bpftrace", "--unsafe", "-e", script, folder]);
  assert.equal(code, 7);
  assert.equal(stdout.trimEnd(), "of a file\n2 words\nmore");
  assert.match(stderr, /^stdin:1:73-91: ERROR: no 5$/m);
  const safe = await runCli(["bpftrace", "-e", 'BEGIN { system("true"); }']);
  assert.equal(safe.code, 1);
  assert.match(safe.stderr, /^stdin:1:9-23: ERROR: system\(\) is unsafe/);
  const missing = await runCli(["bpftrace", "-e", 'BEGIN { cat("/does/not/exist"); }']);
  assert.match(
    missing.stderr,
    /ERROR: failed to open file '\/does\/not\/exist' \(No such file or directory\)/,
  );
});

test("aggregations are read in probes, and maps are counted", { skip }, async () => {
  const lines = await told(`BEGIN {
    @c = count(); @c = count(); @s = sum(-5); @s = sum(3); @a = avg(4); @a = avg(8); @lo = min(3); @lo = min(9);
    @hi = max(3); @hi = max(9); @k[1] = 1; @k[2] = 1;
    printf("%d %d %d %d %d %d %d\\n", @c, @s, @a, @lo, @hi, len(@k), has_key(@k, 2));
    printf("%d %d\\n", delete(@k, 1), delete(@k, 1));
    print(@none); print(@stats); clear(@k); clear(@c);
  } END { @none = 1; @stats = stats(2); }`);
  assert.deepEqual(lines.slice(0, 4), [
    "2 -2 6 3 9 2 1",
    "1 0",
    "@none: 0",
    "@stats: { .count = 0, .average = 0, .total = 0 }",
  ]);
  assert.ok(lines.includes("@stats: { .count = 1, .average = 2, .total = 2 }"));
});

test("histograms are cut finer, and series keep the last intervals", { skip }, async () => {
  const lines = await told(
    `BEGIN { @h = hist(5, 2); @h = hist(300, 2); @t["k"] = tseries(3, 1s, 4, "max"); }`,
  );
  assert.ok(lines.some((line) => line.startsWith("[5] ")));
  assert.ok(lines.some((line) => line.startsWith("[256, 320) ")));
  assert.ok(lines.includes("@t[k]:"));
  assert.ok(lines.some((line) => /^\d\d:\d\d:\d\d \|.*\* .* 3$|\*.*\| 3$/.test(line)));
});

test("a script's own options stand behind --, and are checked", { skip }, async () => {
  const script = 'BEGIN { print((getopt("n", 10, "how many"), getopt("all"), getopt("name", "x"))); }';
  assert.deepEqual(await told(script, "-q", "-q", "--", "--n=0x20", "--all"), ["(32, true, x)"]);
  const wrong = await runCli(["bpftrace", "-e", script, "--", "--n=many"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^ERROR: program command line option --n invalid integer \(value: many\)/);
  const unknown = await runCli(["bpftrace", "-e", script, "--", "--x"]);
  assert.match(
    unknown.stderr,
    /unexpected program command line options: --x\nHINT: expected program options: --n/,
  );
});

test("-k tells what was not found; long texts are cut with a sign", { skip }, async () => {
  const { stderr } = await runCli([
    "bpftrace",
    "-k",
    "-e",
    "BEGIN { @[1] = 1; $x = @[2]; delete(@[3]); print($x); }",
  ]);
  assert.match(stderr, /^stdin:1:24-28: WARNING: Can't lookup map element/m);
  assert.match(stderr, /helper: map_delete_elem, retcode: -2/);
  const lines = await told(
    'config = { max_strlen = 5 } tracepoint:syscalls:sys_enter_openat /comm == "cat"/ { print(str(args.filename)); }',
    "-c",
    "cat /proc/self/comm",
  );
  assert.ok(lines.includes("/proc.."), lines.join("\n"));
});

test("the object is written with --emit-elf, and nothing runs with --dry-run", { skip }, async () => {
  const file = join(folder, "out.o");
  const script = 'BEGIN { printf("never\\n"); }';
  assert.equal((await runCli(["bpftrace", "--emit-elf", file, "-e", script])).stdout, "");
  assert.ok(existsSync(file));
  assert.equal(readFileSync(file).subarray(1, 4).toString(), "ELF");
  assert.doesNotMatch((await runCli(["bpftrace", "--dry-run", "-e", script])).stdout, /never/);
});

test("records that found no room are counted beside the output", { skip }, async () => {
  const script = `config = { perf_rb_pages = 1 }
    BEGIN { $i = 0; while ($i < 1000) { printf("%s\\n", "a line that takes some room"); $i++; } }`;
  const { stdout, stderr } = await runCli(["bpftrace", "-q", "-e", script]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("a line")).length;
  const lost = Number(/^Lost (\d+) events$/m.exec(stderr)?.[1]);
  assert.equal(lines + lost, 1000);
  assert.ok(lost > 500);
  assert.match(stderr, /^WARNING: Total lost event count: \d+$/m);
});

test("messages of macros say where they were called, and blocks give aggregations their value", {
  skip,
}, async () => {
  const script = 'macro bad() { errorf("no"); } BEGIN { bad(); @ = { let $a = 4; avg($a * 2) }; }';
  const { stdout, stderr } = await runCli(["bpftrace", "-q", "-e", script]);
  assert.match(stderr, /^stdin:1:15-27: ERROR: no\nstdin:1:39-44: ERROR: expanded from$/m);
  assert.match(stdout, /^@: 8$/m);
});
