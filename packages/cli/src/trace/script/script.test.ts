import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { cliPath, runCli } from "../../testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";
const node = process.execPath;
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-script-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Line {
  readonly type: string;
  readonly data: unknown;
}
const lines = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);

const everything = `BEGIN {
  @c["b", 1] = 5; @c["a", 2] = 7; @c["zz", -3] = 1;
  @h = hist(0); @h = hist(1); @h = hist(5); @h = hist(-4); @h = hist(1024);
  @l = lhist(5, 0, 30, 10); @l = lhist(-1, 0, 30, 10); @l = lhist(5, 0, 30, 10); @l = lhist(99, 0, 30, 10);
  @a = avg(5); @a = avg(8); @mi = min(3); @mi = min(-3); @ma = max(9); @ma = max(10); @s = stats(4); @s = stats(9);
  @n[1] = count(); @n[2] = count(); @n[2] = count(); @su = sum(-5); @text = "hello"; @gone = 1; delete(@gone);
  printf("%5d|%-5d|%x|%c|%s|%08x|%d\\n", 5, 6, 255, 65, "abc", 17, -1);
  print(@c, 1); print(5); print("txt"); clear(@n);
  exit();
  printf("never\\n");
}
END { printf("end %s\\n", probe); }`;

test("text is written in bpftrace's shapes", { skip }, async () => {
  const { code, stdout, stderr } = await runCli(["trace", everything]);
  assert.match(stderr, /^one-liner:10:3: warning: Unreachable statement/);
  assert.equal(code, 0);
  const bar = (count: number, of: number): string => "@".repeat(Math.floor((count / of) * 52)).padEnd(52);
  const row = (label: string, count: number, of: number): string =>
    `${label.padEnd(16)}${String(count).padStart(8)} |${bar(count, of)}|`;
  assert.deepEqual(stdout.split("\n"), [
    "Attached 2 probes",
    "    5|6    |ff|A|abc|00000011|-1",
    "@c[a, 2]: 7",
    "5",
    "txt",
    "end END",
    "",
    "",
    "@a: 6",
    "@c[zz, -3]: 1",
    "@c[b, 1]: 5",
    "@c[a, 2]: 7",
    "@h:",
    row("(..., 0)", 1, 1),
    row("[0]", 1, 1),
    row("[1]", 1, 1),
    row("[2, 4)", 0, 1),
    row("[4, 8)", 1, 1),
    ...["[8, 16)", "[16, 32)", "[32, 64)", "[64, 128)", "[128, 256)", "[256, 512)", "[512, 1K)"].map(
      (label) => row(label, 0, 1),
    ),
    row("[1K, 2K)", 1, 1),
    "",
    "@l:",
    row("(..., 0)", 1, 2),
    row("[0, 10)", 2, 2),
    row("[10, 20)", 0, 2),
    row("[20, 30)", 0, 2),
    row("[30, ...)", 1, 2),
    "",
    "@ma: 10",
    "@mi: -3",
    "@s: { .count = 2, .average = 6, .total = 13 }",
    "@su: -5",
    "@text: hello",
    "",
  ]);
});

test("JSON is one object a line, in bpftrace's shapes, and goes to a file with -o", { skip }, async () => {
  const file = join(folder, "out.json");
  const { code, stdout } = await runCli(["trace", "-f", "json", "-o", file, everything]);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "" });
  const told = readFileSync(file, "utf8");
  assert.ok(told.startsWith('{"type": "attached_probes", "count": 2, "data": {"probes": 2}}\n'));
  assert.deepEqual(
    lines(told).filter(({ type }) => type !== "hist"),
    [
      { type: "attached_probes", count: 2, data: { probes: 2 } },
      { type: "printf", data: "    5|6    |ff|A|abc|00000011|-1\n" },
      { type: "map", data: { "@c": { "a,2": 7 } } },
      { type: "value", data: 5 },
      { type: "value", data: "txt" },
      { type: "printf", data: "end END\n" },
      { type: "stats", data: { "@a": 6 } },
      { type: "map", data: { "@c": { "zz,-3": 1, "b,1": 5, "a,2": 7 } } },
      { type: "map", data: { "@ma": 10 } },
      { type: "map", data: { "@mi": -3 } },
      { type: "stats", data: { "@s": { count: 2, average: 6, total: 13 } } },
      { type: "map", data: { "@su": -5 } },
      { type: "map", data: { "@text": "hello" } },
      // "@n" was cleared and "@gone" deleted: nothing is said of them.
    ],
  );
});

test("a tracepoint's fields, texts of the process, and calls before and after are those of the command", {
  skip,
}, async () => {
  const target = join(folder, "read-me");
  writeFileSync(target, "x".repeat(3000));
  const script = `tracepoint:syscalls:sys_enter_openat /str(args.filename) == "${target}"/ { @mine[tid] = 1; printf("%s opens %s\\n", comm, str(args.filename)); }
tracepoint:syscalls:sys_exit_openat /@mine[tid]/ { @fd[pid] = args.ret; delete(@mine[tid]); }
tracepoint:syscalls:sys_exit_read /@fd[pid] && args.ret == 3000/ { @sizes = hist(args.ret); @reads[pid] = count(); }`;
  const path = join(folder, "reads.bt");
  writeFileSync(path, script);
  const { code, stdout, stderr } = await runCli(["trace", path, "-f", "json", "-c", `cat ${target}`]);
  assert.equal(code, 0, stderr);
  const told = lines(stdout.replace(/x{3000}/, ""));
  assert.deepEqual(told[0], { type: "attached_probes", count: 3, data: { probes: 3 } });
  assert.deepEqual(told.find(({ type }) => type === "printf")?.data, `cat opens ${target}\n`);
  assert.deepEqual(told.find(({ type }) => type === "hist")?.data, {
    "@sizes": [{ min: 2048, max: 4095, count: 1 }],
  });
  const reads = told.find(({ type, data }) => type === "map" && "@reads" in (data as object))?.data as {
    "@reads": object;
  };
  assert.deepEqual(Object.values(reads["@reads"]), [1]);
});

test("join writes the words of a list up to its end", { skip }, async () => {
  const word = `go3s-${process.pid}`;
  const script =
    'tracepoint:syscalls:sys_enter_execve /str(args.filename) == "/bin/true"/ { join(args.argv, "|"); }';
  const { code, stdout, stderr } = await runCli(["trace", script, "-c", `/bin/true ${word} two`]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^/bin/true\\|${word}\\|two$`, "m"));
});

test("interval and profile probes fire; stacks and symbols are named", { skip }, async () => {
  const script = `profile:hz:199 /comm == "go3s-busy"/ {
  @[ustack(1), usym(reg("ip"))] = count(); @any = count(); @seen++;
  if (@seen >= 20 && @ticks >= 3) { exit(); }
}
interval:ms:20 { @ticks++; }`;
  const busy = "process.title='go3s-busy';const e=Date.now()+20000;while(Date.now()<e);";
  const child = spawn(node, ["-e", busy], { stdio: "ignore" });
  const gone = once(child, "exit");
  try {
    const { code, stdout } = await runCli(["trace", "-f", "json", "--duration", "60s", script]);
    assert.equal(code, 0);
    const maps = Object.assign({}, ...lines(stdout).map(({ data }) => data)) as {
      "@ticks": number;
      "@any": number;
      "@": object;
    };
    assert.ok(maps["@ticks"] >= 3);
    assert.ok(maps["@any"] > 0, stdout);
    const named = Object.values(maps["@"]).reduce((sum: number, each: number) => sum + each, 0);
    assert.ok(named > 0 && named <= maps["@any"], stdout);
    assert.match(Object.keys(maps["@"]).join(), /^\n {8}\S+/);
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
});

test("uprobes see arguments and results of a function", {
  skip: skip || (!existsSync("/bin/bash") && "needs bash"),
}, async (t) => {
  const script = 'uprobe:/bin/bash:main { printf("%s %d %s\\n", func, arg0, probe); }';
  const { code, stdout, stderr } = await runCli(["trace", script, "-c", "/bin/bash -c true one two"]);
  if (/has no function "main"/.test(stderr)) return t.skip("this bash is stripped");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^main 5 uprobe:\/bin\/bash:main$/m);
});

test("Ctrl-C prints the maps and ends with 130", { skip }, async () => {
  const child = spawn(node, [cliPath, "trace", "-e", 'interval:ms:5 { @n++; printf("tick\\n"); }'], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    // Once: a second signal would end it without its maps.
    if (out.includes("tick") && !child.killed) child.kill("SIGINT");
  });
  const [code] = (await once(child, "close")) as [number | null];
  assert.equal(code, 130);
  assert.match(out, /tick\n\n\n@n: \d+\n$/);
});

test("records that found no room are counted and told", { skip }, async () => {
  // 60,000 records of 24 bytes come while the reader cannot look: a ring of 1 MiB holds fewer.
  const script = 'BEGIN { for ($i : 0..60000) { printf("%d\\n", $i); } exit(); }';
  const { code, stdout } = await runCli(["trace", script, "-f", "json"]);
  assert.equal(code, 0);
  const told = lines(stdout);
  const lost = told
    .filter(({ type }) => type === "lost_events")
    .map(({ data }) => (data as { events: number }).events);
  const printed = told.filter(({ type }) => type === "printf").map(({ data }) => Number(data));
  assert.ok(lost.length > 0);
  const total = lost.reduce((sum, each) => sum + each, printed.length);
  // The record of exit() is among the lost, and yet it ended the script.
  assert.equal(total, 60_001);
  assert.deepEqual(
    printed,
    printed.toSorted((a, b) => a - b),
  );
});

test("what the kernel refuses ends with 3, what is wrong with 2 and a caret, also in several places", {
  skip,
}, async () => {
  const doctor = lines((await runCli(["doctor", "--json"])).stdout) as unknown as {
    feature: string;
    ok: boolean;
  }[];
  const kprobe = await runCli(["trace", "kprobe:do_sys_openat2 { @ = count(); }", "--dry-run"]);
  assert.equal(kprobe.code, doctor.find(({ feature }) => feature === "kprobe")?.ok ? 0 : 3);
  const path = join(folder, "wrong.bt");
  writeFileSync(
    path,
    'tracepoint:syscalls:sys_enter_opennat { @ = 1 }\nBEGIN { printf("%d\\n"); frob(); }\n',
  );
  const { code, stderr } = await runCli(["trace", path]);
  assert.equal(code, 2);
  assert.match(stderr, /3 errors/);
  assert.match(
    stderr,
    /wrong\.bt:1:1: error: No matches for tracepoint syscalls:sys_enter_opennat[\s\S]*\^{37}[\s\S]*did you mean syscalls:sys_enter_openat/,
  );
  assert.match(stderr, /wrong\.bt:2:16: error: not enough arguments for format string/);
  assert.match(stderr, /wrong\.bt:2:25: error: Unknown function: .frob./);
  const none = await runCli(["trace", "no-such-file.bt"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /no probe program and no file/);
});

test("-d shows probes and assembly, --dry-run attaches and stops, parameters are $1 and $2", {
  skip,
}, async () => {
  const debug = await runCli(["trace", "-d", "tracepoint:sched:sched_process_exec { @ = count(); }"]);
  assert.match(debug.stdout, /^# tracepoint:sched:sched_process_exec\np0: # raw_tp\/sched_process_exec\b/);
  const dry = await runCli([
    "trace",
    "-v",
    "--dry-run",
    "tracepoint:sched:sched_process_ex* { @ = count(); }",
  ]);
  assert.equal(dry.code, 0);
  assert.equal(dry.stdout, "Attached 2 probes\n");
  assert.match(dry.stderr, /^tracepoint:sched:sched_process_exec: p0, \d+ instructions$/m);
  const given = await runCli([
    "trace",
    "-e",
    'BEGIN { printf("%d %s\\n", $1, str($2)); exit(); }',
    "7",
    "seven",
  ]);
  assert.equal(given.stdout, "Attached 1 probe\n7 seven\n\n\n");
});

test("tracepoints whose fields nobody asks for count the same as others, as raw ones", { skip }, async () => {
  // A name of its own: other processes run programs too.
  const name = `go3s-${process.pid}`;
  const program = join(folder, name);
  copyFileSync("/bin/true", program);
  const script = `tracepoint:sched:sched_process_exec /comm == "${name}"/ { @raw[comm] = count(); }
tracepoint:sched:sched_process_exec /comm == "${name}"/ { @perf[comm, args.pid - pid] = count(); }`;
  const { code, stdout } = await runCli([
    "trace",
    script,
    "-c",
    `/bin/sh -c "${program}; ${program}; ${program}"`,
  ]);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^@raw\\[${name}\\]: 3$`, "m"));
  assert.match(stdout, new RegExp(`^@perf\\[${name}, 0\\]: 3$`, "m"));
});
