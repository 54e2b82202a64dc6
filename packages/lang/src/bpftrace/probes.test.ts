import assert from "node:assert/strict";
import { test } from "node:test";
import { newReporter } from "../source/diagnostics.js";
import { readPoint } from "./attach-point.js";
import { compileScript } from "./compile-script.js";
import { placeName } from "./place-name.js";
import { placesOf } from "./probes.js";
import type { ScriptMachine, UsdtSite } from "./script-machine.js";

const site = (name: string, offset: number, at: string): UsdtSite => ({
  provider: "shop",
  name,
  offset,
  refCounter: 0,
  variables: {},
  arguments: [
    { size: 4, signed: true, float: false, text: at, place: { kind: "register", register: at, shift: 0 } },
  ],
});

const sizes: Readonly<Record<string, number>> = { parse: 64, parse_file: 16, _init: 0, "operator+": 8 };

const machine: ScriptMachine = {
  tracepoints: () => ["syscalls:sys_enter_read", "syscalls:sys_exit_read", "sched:sched_switch"],
  tracepointFormat: (group, name) => (`${group}:${name}` === "sched:sched_switch" ? "format" : undefined),
  rawTracepoints: () => ["sched_switch", "sys_enter", "sys_exit"],
  kernelFunctions: () => ["vmlinux:vfs_read", "vmlinux:vfs_write", "kvm:kvm_exit"],
  findFiles: (name) =>
    name === "/bin/app*"
      ? [
          { path: "/bin/app", shown: "/bin/app" },
          { path: "/bin/app2", shown: "/bin/app2" },
        ]
      : name === "app" || name === "/bin/app"
        ? [{ path: "/bin/app", shown: name }]
        : [],
  symbols: () => Object.keys(sizes),
  demangled: () => [{ symbol: "_ZN1a1bEi", names: ["a::b(int)", "a::b"] }],
  findFunction: (_path, symbol) => {
    const size = Object.hasOwn(sizes, symbol) ? sizes[symbol] : undefined;
    return size === undefined ? undefined : { symbol, size };
  },
  findAddress: (_path, address) => ({
    offset: address - 0x1000,
    symbol: address > 0x2000 ? undefined : "parse",
  }),
  lineAddresses: (_path, file, line) =>
    file === "app.c" && line === 7 ? [{ offset: 99, symbol: "parse" }] : [],
  usdt: () => [site("order", 16, "rdi"), site("order", 32, "rsi"), site("paid", 48, "rdi")],
};

interface Read {
  readonly names: readonly string[];
  readonly told: readonly string[];
}

function read(text: string, missing: "error" | "warn" | "ignore" = "error", given = machine): Read {
  const report = newReporter();
  const at = { text, start: 0, end: text.length };
  const places = placesOf(at, given, { parameters: ["ms", "5"], missing }, report);
  return { names: places.map(placeName), told: report.list().map(({ message }) => message) };
}

test("points are taken apart at colons outside of quotes, parameters and names in front included", () => {
  assert.deepEqual(
    readPoint('usdt:/bin/x:p:"\\"odd:name\\""', []).parts.map(({ text }) => text),
    ["/bin/x", "p", '"odd:name"'],
  );
  const { kind, parts } = readPoint('slow=uprobe:$1:"operator+"+4', ["/bin/app"]);
  assert.deepEqual(
    [kind, parts[0]?.text, parts[1]],
    ["uprobe", "/bin/app", { text: "operator+", tail: "+4", quoted: true }],
  );
});

const good: readonly (readonly [point: string, names: readonly string[]])[] = [
  ["t:sched:*", ["tracepoint:sched:sched_switch"]],
  ["t:*:*read", ["tracepoint:syscalls:sys_enter_read", "tracepoint:syscalls:sys_exit_read"]],
  ["rt:vmlinu*:sys_*", ["rawtracepoint:vmlinux:sys_enter", "rawtracepoint:vmlinux:sys_exit"]],
  ["k:vfs_*", ["kprobe:vfs_read", "kprobe:vfs_write"]],
  ["kprobe:kvm:kvm_exit+8", ["kprobe:kvm:kvm_exit+8"]],
  ["kfunc:vfs_read", ["fentry:vmlinux:vfs_read"]],
  ["u:app:parse*", ["uprobe:app:parse", "uprobe:app:parse_file"]],
  ["u:/bin/app*:parse", ["uprobe:/bin/app:parse", "uprobe:/bin/app2:parse"]],
  ['u:app:"operator+"+4', ["uprobe:app:operator++4"]],
  ["u:app:0x1139", ["uprobe:app:0x1139"]],
  ["u:/bin/app@app.c:7", ["uprobe:/bin/app@app.c:7"]],
  ['u:app:cpp:"a::b"', ["uprobe:app:_ZN1a1bEi"]],
  ["usdt:app:order", ["usdt:app:shop:order"]],
  ["usdt:app:shop:*", ["usdt:app:shop:order", "usdt:app:shop:paid"]],
  ["i:$1:$2", ["interval:ms:5"]],
  ["interval:1s", ["interval:1s"]],
  ["s:cpu:1e6", ["software:cpu:1000000"]],
  ["h:cycles:", ["hardware:cycles"]],
  ["w:0x1000:4:rw", ["watchpoint:0x1000:4:rw"]],
  ["iter:task", ["iter:task"]],
  ["self:signal:SIGUSR1", ["self:signal:SIGUSR1"]],
];
for (const [point, names] of good)
  test(`${point} is ${names.join(", ")}`, () => assert.deepEqual(read(point), { names, told: [] }));

const bad: readonly (readonly [point: string, told: RegExp])[] = [
  ["kprobe:nothing:vfs_read", /^specified module nothing in probe/],
  ["kprobe:0xffff", /needs --unsafe/],
  ["u:gone:main", /^uprobe target file 'gone' does not exist/],
  ["u:app:parse+64", /^Offset outside the function bounds \('parse' size is 64\)/],
  ["u:app:_init", /^Could not determine boundary for _init \(symbol has size 0\)/],
  ["u:app:0x9999", /^Could not resolve address: app:0x9999/],
  ["ur:app:parse+4", /^Offset not allowed for uretprobes/],
  ["u:app@app.c:8", /^No code of app is from app\.c:8|target file/],
  ["w:main+arg0:4:w", /^watchpoint needs an address/],
  ["w:0x10:3:w", /^Length must be one of/],
  ["w:0x10:4:wx", /^Invalid watchpoint mode/],
  ["s:nothing:1", /is not a software probe/],
  ["nothing:x", /^Invalid probe type: nothing/],
];
for (const [point, told] of bad)
  test(`refused: ${point}`, () => {
    const { names, told: messages } = read(point);
    assert.deepEqual(names, []);
    assert.match(messages[0] ?? "", told);
  });

test("missing_probes decides what a name that is not there does; a pattern that fits none says nothing", () => {
  assert.deepEqual(read("t:sched:gone"), { names: [], told: ["No matches for tracepoint sched:gone."] });
  assert.deepEqual(read("t:sched:gone", "warn").told, ["No matches for tracepoint sched:gone. Skipping."]);
  assert.deepEqual(read("t:sched:gone", "ignore").told, []);
  assert.deepEqual(read("t:sched:gone*"), { names: [], told: [] });
  assert.deepEqual(read("kprobe:gone").told, [
    'gone is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail',
    "No matches for kprobe gone.",
  ]);
});

test("--unsafe takes what may break the probed program", () => {
  const unsafe = { ...machine, unsafe: true };
  assert.deepEqual(read("u:app:_init", "error", unsafe).names, ["uprobe:app:_init"]);
  assert.deepEqual(read("u:app:parse+64", "error", unsafe).names, ["uprobe:app:parse+64"]);
  assert.deepEqual(read("kprobe:gone", "error", unsafe).names, ["kprobe:gone"]);
});

test("with a process, probes of the whole machine act for it alone; begin and uprobes need no such question", () => {
  const text = "t:sched:sched_switch { @a = 1; } begin { @b = 2; } u:app:parse { @c = 3; }";
  const { generated } = compileScript({ name: "x.bt", text }, { ...machine, pid: 77 });
  assert.equal(generated.split("!= 77").length, 2);
  assert.doesNotMatch(compileScript({ name: "x.bt", text }, machine).generated, /!= 77/);
});
