import { readdirSync, readFileSync } from "node:fs";
import { casesIn } from "./cases.js";
import { generate, generatedText } from "./generate/program.js";
import { newRandom } from "./random.js";

/** Specimen is a text to break: a program, or a script in bpftrace's language. */
export interface Specimen {
  readonly name: string;
  readonly text: string;
  readonly isScript: boolean;
}

const root = new URL("../../../../", import.meta.url);

/** largest keeps specimens small: much of them is looked at in little time. */
const largest = 6000;

function folder(name: string): Specimen[] {
  const at = new URL(`${name}/`, root);
  return readdirSync(at)
    .filter((file) => /\.(?:go3s|bt)$/.test(file))
    .map((file) => ({
      name: `${name}/${file}`,
      text: readFileSync(new URL(file, at), "utf8").slice(0, largest),
      isScript: file.endsWith(".bt"),
    }));
}

/** documented are the programs on a page of the guide. */
function documented(page: string): Specimen[] {
  const text = readFileSync(new URL(page, root), "utf8");
  return [...text.matchAll(/```go\n([\s\S]*?)```/g)].map((found, i) => ({
    name: `${page} ${i + 1}`,
    text: found[1] ?? "",
    isScript: false,
  }));
}

/** scripts use every statement and function of bpftrace's language that needs nothing but a kernel. */
const scripts: readonly string[] = [
  "BEGIN { exit() }",
  "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); } interval:ms:1 { exit(); }",
  't:syscalls:sys_enter_openat /comm != "x" && pid > 1/ { printf("%s %s\\n", comm, str(args->filename)); @[comm, pid] = count(); }',
  "t:syscalls:sys_enter_read { @s[tid] = nsecs; } t:syscalls:sys_exit_read /@s[tid]/ { @ns[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); @l = lhist(args.ret, 0, 100, 10); }",
  't:sched:sched_switch { $t = (struct task_struct *)curtask; $p = $t->real_parent; @[$p->comm, $p->pid, args.next_comm] = count(); printf("%s %d\\n", curtask->comm, $t->pid); }',
  "profile:hz:99 { @[kstack(5), comm] = count(); } interval:s:5 { print(@); clear(@); exit(); }",
  "BEGIN { $x = 1; while ($x < 10) { $x++; if ($x == 5) { continue } @a[$x] = sum($x); } unroll (3) { @b = avg($x); } for ($i : 0..5) { @c = max($i); @d = min($i) } }",
  'BEGIN { @x[1, "a"] = 3; @x[2, "b"] += 4; for ($kv : @x) { printf("%d\\n", $kv.1); } }',
  "software:page-faults:100 { @ = stats(pid); @q = (uint8)pid + (int16)tid; @r = pid ? 1 : 2; }",
  'struct pair { int a; char b[8]; }; BEGIN { $p = (struct pair *)0; printf("%d %s\\n", $p->a, $p->b); }',
  'rawtracepoint:sched_switch { $p = (struct task_struct *)arg1; @[$p->comm] = count(); time("%H\\n"); }',
  'BEGIN { printf("%s %d %x %p %c\\n", ntop(0x0100007f), strncmp("abc", comm, 2), 255, kaddr("jiffies"), 65); }',
  "t:syscalls:sys_enter_execve { join(args.argv); @[ustack(3)] = count(); @t = (pid, comm); print(@t.0) }",
  "config = { max_map_keys = 100 } BEGIN { @a = 1; zero(@a); print((1, 2)); $s = str(0); @l = strlen(comm); }",
];

/** specimens are all texts to break: cases, pages of the guide, probes, examples, made-up programs and scripts. */
export function specimens(): Specimen[] {
  // Programs that are wrong already seldom get further than that: a few of them are enough.
  const cases = casesIn().flatMap(({ file, cases: all }) =>
    all
      .filter(({ errors }, i) => errors.length === 0 || i % 5 === 0)
      .map((each) => ({ name: `${file} ${each.name}`, text: each.program, isScript: false })),
  );
  const made = Array.from({ length: 40 }, (_, i) => ({
    name: `made ${i}`,
    text: generatedText(generate(newRandom(i + 1), 6)),
    isScript: false,
  }));
  const lines = scripts.map((text, i) => ({ name: `script ${i}`, text, isScript: true }));
  const pages = [...documented("docs/language.md"), ...documented("packages/lang/README.md")];
  return [...cases, ...pages, ...folder("examples"), ...made, ...lines];
}
