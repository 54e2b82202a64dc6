import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { kernelBtf, loadObject, readObject } from "@go3s/bpf";
import { renderDiagnostics } from "../compile.js";
import { cannotRun } from "../testing/live.js";
import { compileScript, type ScriptOptions } from "./compile-script.js";

const format = `name: sys_enter_openat
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
`;

const paper: ScriptOptions = {
  tracepoints: () => ["syscalls:sys_enter_openat", "syscalls:sys_exit_openat", "sched:sched_switch"],
  tracepointFormat: (group, name) =>
    `${group}:${name}` === "syscalls:sys_enter_openat" ? format : undefined,
  symbols: () => ["parse", "parse_file", "main"],
  findFiles: (name) => (name === "/bin/there" ? [{ path: name, shown: name }] : []),
};

const machine = (): ScriptOptions => ({
  kernelBtf: kernelBtf(),
  check: true,
  tracepointFormat(group, name) {
    try {
      return readFileSync(`/sys/kernel/tracing/events/${group}/${name}/format`, "utf8");
    } catch {
      return undefined;
    }
  },
});

const compiled = (text: string, options: ScriptOptions = paper): ReturnType<typeof compileScript> =>
  compileScript({ name: "x.bt", text }, options);

/** wrong are scripts with the place and the start of each message, in order. */
const wrong: readonly { readonly script: string; readonly told: readonly RegExp[] }[] = [
  {
    script: "t:syscalls:sys_enter_opennat { @ = count(); }",
    told: [
      /^x\.bt:1:1: error: No matches for tracepoint syscalls:sys_enter_opennat\.[\s\S]*did you mean syscalls:sys_enter_openat/,
    ],
  },
  {
    script: "trcepoint:a:b { @ = 1 }",
    told: [/^x\.bt:1:1: error: Invalid probe type: trcepoint[\s\S]*tracepoint\?/],
  },
  {
    script: 't:syscalls:sys_enter_openat { printf("%d\\n", args.filenam); }',
    told: [
      /1:51: error: syscalls:sys_enter_openat has no field filenam[\s\S]*it has __syscall_nr, dfd, filename/,
    ],
  },
  {
    script: 'BEGIN { printf("%d %s\\n", 1); }',
    told: [/1:16: error: not enough arguments for format string \(1 supplied, 2 expected\)/],
  },
  {
    script: 'BEGIN { printf("%s\\n", pid); printf("%d\\n", comm); }',
    told: [/1:45: error: %d cannot show string\[16\]/],
  },
  {
    script: 'BEGIN { @x = count(); @x = 5; @y[1] = 1; @y["a"] = 1; }',
    told: [
      /1:23: error: Type mismatch for @x: .* 'int8' when map already has a type 'count_t'/,
      /1:42: error: Argument mismatch for @y: .* 'string\[2\]' when map expects arguments: 'int8'/,
    ],
  },
  {
    script: "BEGIN { print($x); @y = @z; }",
    told: [/1:15: error: Undefined or undeclared variable: \$x/, /1:25: error: Undefined map: @z/],
  },
  {
    script: "BEGIN { if (comm == 5) { exit() } }",
    told: [/error: Type mismatch for '==': comparing string\[16\] with int8/],
  },
  {
    script: "BEGIN { @x = hist(1, 2, 3); @l = lhist(1, 5, 1, 1); @n = 1 / 0; }",
    told: [
      /1:14: error: hist takes 1 to 2 arguments, 3 given/,
      /1:34: error: lhist\(5, 1, 1\): the upper bound/,
      /1:58: error: division by zero/,
    ],
  },
  {
    script: 'BEGIN { system("ls"); frob(); override(1) }',
    told: [
      /1:9: error: system\(\) is unsafe/,
      /1:23: error: Unknown function: 'frob'/,
      /1:31: error: override\(\) is unsafe/,
    ],
  },
  {
    script: "profile:hz:99 { @[arg0] = count(); } interval:q:1 { exit() }",
    told: [
      /1:19: error: arg0 is not known in a profile probe/,
      /1:38: error: Invalid unit of interval probe: q/,
    ],
  },
  {
    script: "BEGIN { 5 } } BEGIN { @x = ; } BEGIN { frob() }",
    told: [
      /1:13: error: syntax error, unexpected "}"/,
      /1:28: error: syntax error, unexpected ";"/,
      /1:40: error: Unknown function: 'frob'/,
    ],
  },
  {
    script: "usdt:/bin/there:x { @ = 1 } u:/bin/gone:main { @ = 1 } u:/bin/there:q* { @ = 1 }",
    told: [
      /No matches for usdt \/bin\/there:x\./,
      /uprobe target file '\/bin\/gone' does not exist/,
      /Probe has no valid attach points\./,
    ],
  },
  {
    script: "BEGIN { @x = (1, 2); print(@x.2); } END { break; }",
    told: [/Invalid tuple index: 2\. Found 2 elements/, /error: break stands in no loop/],
  },
  {
    script: "struct a { nothing b; int c[9999999]; } BEGIN { print(((struct a *)0).d) }",
    told: [
      /1:12: error: unknown type name 'nothing'/,
      /unknown type name 'int'/,
      /does not contain a field named 'd'/,
    ],
  },
  { script: 'BEGIN { printf("no end); }', told: [/1:16: error: this text has no end/] },
  { script: "", told: [/there is no probe here/] },
];

for (const { script, told } of wrong) {
  test(`refused: ${script.slice(0, 60)}`, () => {
    const result = compiled(script);
    const texts = result.diagnostics.map((each) =>
      renderDiagnostics({ files: result.files, diagnostics: [each] }),
    );
    assert.equal(result.object, undefined);
    for (const [i, pattern] of told.entries()) assert.match(texts[i] ?? "", pattern, texts.join("\n"));
  });
}

test("patterns give all places; programs are shared where they cannot tell the places apart", () => {
  const shared = compiled("t:syscalls:* { @ = count(); }").script?.probes ?? [];
  assert.deepEqual(
    shared.map((probe) => probe.places.length),
    [2],
  );
  const apart = compiled("u:/bin/there:parse* { @[func] = count(); }").script?.probes ?? [];
  assert.deepEqual(
    apart.map((probe) => probe.places),
    [
      [{ kind: "uprobe", path: "/bin/there", symbol: "parse", offset: 0, title: "uprobe:/bin/there:parse" }],
      [
        {
          kind: "uprobe",
          path: "/bin/there",
          symbol: "parse_file",
          offset: 0,
          title: "uprobe:/bin/there:parse_file",
        },
      ],
    ],
  );
});

test("a map's kind and widths come from all its uses, whatever their order", () => {
  const { script } = compiled(
    'BEGIN { print(@t[1]); } END { @t[1] = "ab"; @t[2] = "a longer text"; $v = "x"; $v = comm; @n[$v, 3]++; }',
  );
  assert.deepEqual(
    script?.maps.map(({ name, keys, value }) => ({ name, keys, value })),
    [
      {
        name: "@t",
        keys: [{ kind: "int", signed: true, bits: 8, free: true }],
        value: { kind: "text", size: 16, length: 14 },
      },
      {
        name: "@n",
        keys: [
          { kind: "text", size: 16, length: 16 },
          { kind: "int", signed: true, bits: 8, free: true },
        ],
        value: { kind: "int", signed: true, bits: 64 },
      },
    ],
  );
});

test("line records point into the script", () => {
  const { object } = compiled("BEGIN\n{\n  @x = pid;\n}\n");
  assert.ok(object);
  assert.ok(Buffer.from(object).includes("  @x = pid;"));
});

test("preprocessor lines are taken as with BTF: no headers, and the branches that ask for it", () => {
  const text =
    "#!/usr/bin/env bpftrace\n#ifndef BPFTRACE_HAVE_BTF\n#include <linux/sched.h>\nBEGIN { frob(); }\n#else\n#include <x.h>\n#endif\nBEGIN { @x = 1; }\n";
  assert.deepEqual(compiled(text).diagnostics, []);
  const defined = compiled("#define A B\n#define B (2 + 3)\n#ifdef A\nBEGIN { @x[A * 2] = 1; }\n#endif\n");
  assert.match(defined.generated, /= int64\(10\)/);
  const [open] = compiled("#if A\n#ifdef X\nBEGIN { exit() }\n").diagnostics;
  assert.match(open?.message ?? "", /#if is not taken/);
});

test("parameters stand for $1 and its kin", () => {
  const { script, diagnostics } = compiled("BEGIN { @a[$1] = str($2); @b = $#; @c = $9; }", {
    ...paper,
    parameters: ["7", "seven"],
  });
  assert.deepEqual(diagnostics, []);
  assert.equal(script?.maps[0]?.value.kind, "text");
});

/** accepted are scripts that this kernel's verifier must take. */
const accepted: readonly string[] = [
  't:syscalls:sys_enter_openat /comm != "x" && pid > 1/ { printf("%s %s\\n", comm, str(args->filename)); @[comm, pid] = count(); }',
  "t:syscalls:sys_enter_read { @s[tid] = nsecs; } t:syscalls:sys_exit_read /@s[tid]/ { @ns[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); @l = lhist(args.ret, 0, 1000, 100); @st = stats(args.ret); @a = avg(args.ret); @mi = min(args.ret); @ma = max(args.ret); @su = sum(args.ret); }",
  "profile:hz:99 { @[kstack, ustack(3), comm] = count(); } i:s:1 { print(@); clear(@); time(); }",
  't:sched:sched_switch { $t = (struct task_struct *)curtask; $p = $t->real_parent; @[$p->comm, $p->pid, args.next_comm] = count(); printf("%s %d\\n", curtask->comm, curtask->mm->pgd->pgd); }',
  "t:syscalls:sys_enter_execve { join(args.argv); @n[str(args.filename, 16)]++; @p[probe]--; }",
  'BEGIN { $i = 0; while ($i < 100000) { $i++; if ($i == 5) { continue; } @x[$i & 7] = $i * 2; } for ($j : 0..5) { @y += $j; if ($j == 3) { break; } } unroll(3) { @z++; } @t = pid > 0 ? "yes" : "no"; @b = comm == "node" || @z++ > 3 ? 1 : 2; exit(); }',
  'u:/bin/sh:main { @[func, usym(reg("ip")), arg0] = count(); } ur:/bin/sh:main { printf("%s\\n", str(retval)); }',
  't:syscalls:sys_enter_nanosleep { printf("%d %d %p\\n", args.rqtp->tv_sec, args->rqtp->tv_nsec, args.rqtp); @[args.rqtp] = 1; }',
  "rt:sched_switch { @[ksym(arg0), (uint8)arg1, (int32)arg2] = count(); } software:faults:1 { @s[cgroup, cpu, uid, gid, rand, elapsed] = count(); }",
  't:sched:sched_process_exec { @[args.filename, strncmp(comm, "node", 2)] = count(); if (!uid) { @r = -1; } else if (pid % 2 == 0) { @r |= 1 << 3; } else { return; } zero(@r); }',
];

for (const script of accepted) {
  test(`loads: ${script.slice(0, 60)}`, { skip: cannotRun() }, () => {
    const result = compiled(script, machine());
    assert.ok(result.object, renderDiagnostics(result));
    loadObject(readObject(result.object)).close();
  });
}

test("the examples of docs/one-liners.md compile", { skip: cannotRun() }, () => {
  const page = readFileSync(new URL("../../../../docs/one-liners.md", import.meta.url), "utf8");
  const block = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const scripts = [...block.matchAll(/go3s trace '([^']*)'/g)].map((match) => match[1] ?? "");
  assert.ok(scripts.length >= 7);
  for (const script of scripts) {
    const result = compiled(script, machine());
    assert.ok(result.object, renderDiagnostics(result));
  }
});

test("broken scripts give a message, whatever is broken", () => {
  const pieces = accepted.flatMap((script) => script.match(/\$\w+|@\w*|"[^"]*"|\w+|\S/g) ?? []);
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  for (let round = 0; round < 300; round++) {
    const words =
      (accepted[random(accepted.length)] ?? "").match(/\s+|\$\w+|@\w*|"[^"]*"|\w+|[^\s\w]/g) ?? [];
    for (let i = random(3); i >= 0; i--)
      words.splice(random(words.length), random(2), pieces[random(pieces.length)] ?? "");
    const text = words.join("");
    const result = compiled(text, { ...paper, tracepointFormat: () => format });
    assert.ok(result.object !== undefined || result.diagnostics.length > 0, text);
    assert.deepEqual(
      result.diagnostics.filter((each) => each.id === "internal"),
      [],
      text,
    );
  }
});
