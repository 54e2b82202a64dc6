import type { DiagnosticId } from "./codes.js";

/** CodeHelp is what docs and messages add to a diagnostic's meaning: what to do, and a program that has the mistake. */
export interface CodeHelp {
  /** hint stands below a diagnostic that brings none of its own. */
  readonly hint: string;
  /** example is a whole program with this mistake and no other; left out where no short program has it. */
  readonly example?: string;
  /** imports are the files of packages that the example imports, by their paths. */
  readonly imports?: Readonly<Record<string, string>>;
}

const xdp = (body: string, before = ""): string =>
  `${before}// @xdp\nfunc main(ctx *bpf.XDP) int {\n${body
    .split("\n")
    .map((line) => `\t${line}`)
    .join("\n")}\n\treturn 0\n}\n`;

const ring = "type Event struct{ PID uint32 }\n\nvar events = bpf.RingBuf[Event](4096)\n\n";
const counts = "var counts = bpf.Hash[uint32, uint64](1024)\n\n";

/** codeHelp has a row for each of diagnosticCodes; a test compiles the examples. */
export const codeHelp: Readonly<Partial<Record<DiagnosticId, CodeHelp>>> = {
  "bad-character": {
    hint: "remove it; text belongs in quotes",
    example: xdp("n := 3 # 4\n_ = n"),
  },
  unterminated: {
    hint: 'close it: a string ends with ", a comment with */',
    example: xdp('bpf.Printk("hello)'),
  },
  syntax: {
    hint: "look at the word before it: a bracket, a comma or an operator may be missing",
    example: xdp("if ctx.ingress_ifindex = 3 {\n}"),
  },
  "too-deep": {
    hint: "split it into functions or variables",
  },
  undefined: {
    hint: "declare it, or check its spelling",
    example: xdp("return cuont"),
  },
  redeclared: {
    hint: "give one of them another name",
    example: xdp("n := 1\nvar n uint32\n_ = n"),
  },
  "unused-import": {
    hint: "remove the import",
    example: `import "bpf/helpers"\n\n${xdp("")}`,
  },
  "import-cycle": {
    hint: "move what both need into a third package",
    example: `import "./ports"\n\n${xdp("return ports.HTTP")}`,
    imports: {
      "ports/ports.go3s": 'package ports\n\nimport "../names"\n\nconst HTTP = 80 + names.Count\n',
      "names/names.go3s": 'package names\n\nimport "../ports"\n\nconst Count = ports.HTTP\n',
    },
  },
  "unused-variable": {
    hint: "remove it, or name it _",
    example: xdp("n := bpf.Random()"),
  },
  "wrong-type": {
    hint: "convert it with T(x), or change the type it is given to",
    example: xdp("var port uint16 = 80\nreturn port"),
  },
  "not-constant": {
    hint: "only literals, constants and operators on them are constant",
    example: xdp("n := 4\nvar a [n]uint32\n_ = a"),
  },
  "constant-overflow": {
    hint: "use a larger type, or a smaller value",
    example: xdp("var level uint8 = 300\n_ = level"),
  },
  "bad-operation": {
    hint: "convert the operands to a type that has the operator",
    example: xdp("on := true\nif on > false {\n\treturn 1\n}"),
  },
  "bad-call": {
    hint: "look at the function's declaration for what it takes",
    example: xdp("bpf.Random(4)"),
  },
  "no-field": {
    hint: "check its spelling in the type's declaration",
    example: xdp("return int(ctx.ingress_index)"),
  },
  "not-assignable": {
    hint: "assign to a variable, a field or an element",
    example: xdp("limit = 4", "var limit uint32 = 3 // @config\n\n"),
  },
  "missing-return": {
    hint: "return a value at its end",
    example: `func size(big bool) int {\n\tif big {\n\t\treturn 2\n\t}\n}\n\n${xdp("return size(true)")}`,
  },
  misplaced: {
    hint: "move it to where it has a meaning, or remove it",
    example: xdp("break"),
  },
  "bad-attribute": {
    hint: "docs/language.md lists the attributes and what they take",
    example: "// @tracepont:sched:sched_switch\nfunc main() int {\n\treturn 0\n}\n",
  },
  unsupported: {
    hint: "write it with what BPF has: docs/language.md, differences from Go",
    example: xdp("defer bpf.Random()"),
  },
  heap: {
    hint: "use arrays, structs and BPF maps, whose sizes are known before the program runs",
    example: xdp("list := make([]byte, 16)\n_ = list"),
  },
  recursion: {
    hint: "use a loop with a bound",
    example: `func down(n int) int {\n\treturn down(n - 1)\n}\n\n${xdp("return down(3)")}`,
  },
  "unbounded-loop": {
    hint: "compare its counter with a constant, or use bpf.Loop(n, f)",
    example: xdp("for bpf.Random() != 7 {\n}"),
  },
  "loop-too-long": {
    hint: "use bpf.Loop(n, f), which is verified once",
    example: `var sum uint64\n\n${xdp("for i := range 5000000 {\n\tsum += uint64(i)\n}")}`,
  },
  "unchecked-nil": {
    hint: "compare it first: if p == nil { return 0 }",
    example: xdp("n := counts.Lookup(7)\nreturn int(*n)", counts),
  },
  "stale-packet": {
    hint: "call bpf.Packet again behind the helper",
    example: xdp(
      "first := bpf.Packet[uint8](ctx, 0)\nif first == nil {\n\treturn 0\n}\nhelpers.XdpAdjustHead(ctx, 4)\nreturn int(*first)",
    ),
  },
  "lock-held": {
    hint: "lock, change what the lock protects, and unlock, on every path",
    example: xdp(
      "v := shared.Lookup(0)\nif v == nil {\n\treturn 0\n}\nv.L.Lock()\nv.N++",
      "type Value struct {\n\tL bpf.SpinLock\n\tN uint64\n}\n\nvar shared = bpf.Array[Value](1)\n\n",
    ),
  },
  "reservation-lost": {
    hint: "submit or discard it before each return",
    example: xdp(
      "e := events.Reserve()\nif e == nil {\n\treturn 0\n}\nif e.PID == 0 {\n\treturn 0\n}\nevents.Submit(e)",
      ring,
    ),
  },
  "reservation-reused": {
    hint: "submit or discard it once, last",
    example: xdp(
      "e := events.Reserve()\nif e == nil {\n\treturn 0\n}\nevents.Submit(e)\ne.PID = bpf.Random()",
      ring,
    ),
  },
  escape: {
    hint: "keep a copy of the value, or the key to look it up again",
    example: xdp("n := 4\nlast = &n", "var last *int\n\n"),
  },
  "address-space": {
    hint: "say whose memory it is: bpf.Kernel[T](address) or bpf.User[T](address)",
    example:
      "type Request struct{ Size uint64 }\n\n// @uprobe\nfunc main(ctx *bpf.UProbe) int {\n\tr := (*Request)(ctx.Arg(0))\n\treturn int(r.Size)\n}\n",
  },
  "too-many-arguments": {
    hint: "pass a pointer to a struct",
    example: `//go:noinline\nfunc sum(a, b, c, d, e, f int) int {\n\treturn a + b + c + d + e + f\n}\n\n${xdp("return sum(1, 2, 3, 4, 5, 6)")}`,
  },
  "stack-overflow": {
    hint: "keep large values in a bpf.PerCPUArray[T](1) and work on them in place",
    example: xdp("var table [40000]byte\ntable[ctx.ingress_ifindex&7] = 1"),
  },
  "no-program": {
    hint: "put an attribute before a function, e.g. // @tracepoint:sock:inet_sock_set_state",
    example: "func main() int {\n\treturn 0\n}\n",
  },
  "no-kernel-type": {
    hint: "bpftool btf dump file /sys/kernel/btf/vmlinux lists what this kernel has",
    example:
      "// @raw_tp:sys_enter\nfunc main(ctx *bpf.RawTracepoint) int {\n\treturn int(bpf.CurrentTask().pidd)\n}\n",
  },
  "no-tracepoint": {
    hint: "go3s trace -l lists them",
    example: "// @tracepoint:sched:sched_swich\nfunc main(ctx *bpf.Tracepoint) int {\n\treturn 0\n}\n",
  },
  "too-many": {
    hint: "narrow the pattern, or raise the limit in the config block",
  },
  "not-traceable": {
    hint: "choose a function that calls it, or a tracepoint",
  },
  unattachable: {
    hint: "go3s trace -l lists what this kernel has",
  },
  "wrong-helper": {
    hint: "use it in a program of the kind it is for",
    example: "// @uprobe\nfunc main(ctx *bpf.UProbe) int {\n\treturn int(helpers.XdpAdjustHead(ctx, 4))\n}\n",
  },
  "wrong-context": {
    hint: "*bpf.Context is always the hook's own",
    example: "// @xdp\nfunc main(ctx *bpf.SKB) int {\n\treturn 0\n}\n",
  },
  "map-conflict": {
    hint: "one name is one map: rename one of them",
    example: xdp(
      'bpf::map::Array[uint64]("hits").Increment(0)\nbpf::map::Hash[uint32, uint64]("hits").Increment(0)',
    ),
  },
  "out-of-range": {
    hint: "indices and offsets count from 0 and end below the length",
    example: xdp("var a [4]uint32\na[4] = 1"),
  },
  "too-large": {
    hint: "split it, or work on parts of it",
    example: xdp("before = now", "type Page struct{ Bytes [40000]byte }\n\nvar before, now Page\n\n"),
  },
  internal: {
    hint: "please report the program that did it",
  },
};
