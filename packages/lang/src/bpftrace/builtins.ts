import { kernelConstants } from "../types/constants.js";
import type { StackMode } from "./config.js";
import { errorNumber } from "./error-numbers.js";
import { spaceOf } from "./spaces.js";
import { bad, fresh, type State, type Value } from "./state.js";
import { textLiteral } from "./text.js";
import type { Node, WordNode } from "./tree.js";
import { argumentRecord, exitValue } from "./typed-arguments.js";
import { usdtArgument } from "./usdt-arguments.js";
import { fromCondition, integer, literal } from "./values.js";

type Builtin = (state: State, node: WordNode) => Value;

const unsigned =
  (code: string): Builtin =>
  () =>
    integer(code, false);

const registers: ReadonlySet<string> = new Set(["uprobe", "uretprobe", "kprobe", "kretprobe"]);

function wrongProbe(state: State, node: WordNode, probes: string): Value {
  state.report.error(
    "wrong-context",
    node,
    `${node.name} is not known in a ${state.unit.place.kind} probe`,
    `it is in ${probes} probes`,
  );
  return bad;
}

const returned: Builtin = (state, node) => {
  const { kind } = state.unit.place;
  if (kind === "fexit") return exitValue(state, node);
  if (kind !== "uretprobe" && kind !== "kretprobe") return wrongProbe(state, node, "uretprobe and kretprobe");
  return { ...integer("ctx.Ret()", false), space: spaceOf(state) };
};

const functionName: Builtin = (state, node) => {
  const { place } = state.unit;
  if (place.kind === "fentry" || place.kind === "fexit") return textLiteral(state, place.name);
  if (place.kind === "uprobe" || place.kind === "uretprobe") return textLiteral(state, place.symbol);
  if (place.kind === "kprobe" || place.kind === "kretprobe") return textLiteral(state, place.name);
  return wrongProbe(state, node, "uprobe and kprobe");
};

const stack =
  (kind: "kstack" | "ustack"): Builtin =>
  (state) =>
    stackOf(state, kind, 127, state.limits.config.stackMode);

/** withDepth puts into a stack's number, which is below 8192, how many frames it has. */
function withDepth(state: State, number: string, flags: number, limit: number): string {
  const [frames, bytes, id] = [fresh(state, "f"), fresh(state, "n"), fresh(state, "t")];
  state.out.push(
    `var ${frames} [${limit * 8}]byte`,
    `${bytes} := helpers.GetStack(ctx, &${frames}, ${limit * 8}, ${flags})`,
    `if ${bytes} < 0 { ${bytes} = 0 }`,
    `${id} := ${number} | uint64(${bytes}) / 8 << 16`,
  );
  return id;
}

/** stackOf takes the stack of the running thread. */
export function stackOf(state: State, kind: "kstack" | "ustack", limit: number, mode: StackMode): Value {
  state.usesStacks = true;
  // BPF_F_USER_STACK is 1 << 8, include/uapi/linux/bpf.h.
  const flags = kind === "ustack" ? 256 : 0;
  const answer = `helpers.GetStackid(ctx, stacks, ${flags})`;
  const isAlone = !state.asked.stackDepths;
  // The kernel's stacks have their word for themselves: who reads them looks at 32 bits.
  const number = isAlone && kind === "kstack" ? `uint64(${answer})` : `uint64(uint32(${answer}))`;
  const id = state.asked.stackDepths ? withDepth(state, number, flags, limit) : number;
  const { place } = state.unit;
  const from =
    kind === "ustack" && place.kind === "uprobe"
      ? { from: { path: place.path, symbol: place.symbol, offset: place.offset } }
      : {};
  if (kind === "kstack") return { type: { kind, limit, mode }, code: id };
  const pid = processNumber(state, "pid").code;
  const code = `(${pid}<<32 | ${id})`;
  const halves = isAlone ? { halves: { of: code, low: answer, high: pid } } : {};
  return { type: { kind, limit, mode, ...from }, code, ...halves };
}

/** processNumber is pid or tid, as the namespace sees it that the script is run in. */
export function processNumber(
  state: State,
  which: "pid" | "tid",
  space: "curr_ns" | "init" = "curr_ns",
): Value {
  const own = state.limits.facts.pidNamespace;
  if (space === "init" || own === undefined)
    return integer(which === "pid" ? "uint64(bpf.PID())" : "uint64(bpf.TID())", false);
  // struct bpf_pidns_info, include/uapi/linux/bpf.h: pid is the thread, tgid the process.
  const held = fresh(state, "n");
  state.out.push(
    `var ${held} struct { Pid uint32; Tgid uint32 }`,
    `helpers.GetNsCurrentPidTgid(${own.device}, ${own.inode}, &${held}, 8)`,
  );
  return integer(`uint64(${held}.${which === "pid" ? "Tgid" : "Pid"})`, false);
}

/** usermode: whether the processor ran the process's own code; the two lowest bits of CS are its privilege (x86). */
function usermode(state: State, node: WordNode): Value {
  const { kind } = state.unit.place;
  // BEGIN and END were uprobes once: bpftrace still says they are the process's own code.
  if (kind === "begin" || kind === "end") return integer("int64(1)", true, 1n);
  if (/uprobe|usdt/.test(kind)) return integer("int64(1)", true, 1n);
  if (/kprobe|fentry|fexit|tracepoint/.test(kind)) return integer("int64(0)", true, 0n);
  if (/profile|interval|software|hardware/.test(kind)) return fromCondition("(ctx.IP() < (1 << 63))");
  return wrongProbe(state, node, "profile, kprobe and uprobe");
}

function probeType(kind: string): string {
  return kind === "begin" || kind === "end" ? "special" : kind;
}

/** taskField follows fields from the running task. */
function taskField(state: State, node: WordNode, names: readonly string[]): Value {
  return state.evaluate(
    state,
    names.reduce<Node>(
      (object, name) => ({ kind: "field", object, name, nameAt: node, start: node.start, end: node.end }),
      { ...node, name: "curtask" },
    ),
  );
}

/** builtins are the words that stand for a value of the machine or the probe. */
const builtins: Readonly<Record<string, Builtin>> = {
  pid: (state) => processNumber(state, "pid"),
  tid: (state) => processNumber(state, "tid"),
  numaid: unsigned("uint64(helpers.GetNumaNodeId())"),
  jiffies: unsigned("helpers.Jiffies64()"),
  ncpus: (state) => literal(BigInt(state.limits.facts.cpus ?? 1)),
  cpid: unsigned("childPid"),
  has_cpid: () => fromCondition("(childPid != 0)"),
  username: () => ({ type: { kind: "late", show: "user", size: 8 }, code: "uint64(bpf.UID())" }),
  usermode: (state, node) => usermode(state, node),
  probetype: (state) => textLiteral(state, probeType(state.unit.place.kind)),
  ppid: (state, node) => taskField(state, node, ["real_parent", "tgid"]),
  pcomm: (state, node) => taskField(state, node, ["real_parent", "comm"]),
  leader_tid: (state, node) => taskField(state, node, ["group_leader", "pid"]),
  leader_comm: (state, node) => taskField(state, node, ["group_leader", "comm"]),
  uid: unsigned("uint64(bpf.UID())"),
  gid: unsigned("uint64(bpf.GID())"),
  cpu: unsigned("uint64(bpf.CPU())"),
  nsecs: () => ({ ...integer("bpf.BootNS()", false), clock: "boot" }),
  elapsed: unsigned("(bpf.BootNS() - started)"),
  cgroup: unsigned("bpf.CgroupID()"),
  rand: unsigned("uint64(bpf.Random())"),
  ctx: unsigned("bpf.Addr(ctx)"),
  retval: returned,
  func: functionName,
  kstack: stack("kstack"),
  ustack: stack("ustack"),
  true: () => ({ ...fromCondition("true"), constant: 1n }),
  false: () => ({ ...fromCondition("false"), constant: 0n }),
  probe: (state) => textLiteral(state, state.unit.name),
  args: (state, node) => argumentRecord(state, node) ?? { type: { kind: "args" }, code: "" },
  comm: (state) => ({
    type: { kind: "text", size: 16 },
    code: "",
    into: (to, size) => {
      state.out.push(size === 16 ? `${to} = bpf.Comm()` : `helpers.GetCurrentComm(&${to}, 16)`);
    },
  }),
  curtask: (state, node) => {
    const task = state.kernel.named("task_struct");
    // A script may say itself what a task is: then its fields are where the script's struct has them.
    const written = {
      name: "struct task_struct",
      pointers: 0,
      lengths: [],
      start: node.start,
      end: node.end,
    };
    const own = state.types.resolve(written, () => undefined);
    if (own?.kind === "struct" && own.kernel === undefined)
      return {
        type: { kind: "pointer", target: own, space: "kernel" },
        code: "bpf.Addr(bpf.CurrentTask())",
        space: "kernel",
      };
    if (task?.kind === "struct")
      return {
        type: { kind: "pointer", target: task, space: "kernel" },
        code: "bpf.Addr(bpf.CurrentTask())",
        typed: "bpf.CurrentTask()",
        space: "kernel",
      };
    state.report.error("no-kernel-type", node, "curtask needs the kernel's BTF, which is not here");
    return bad;
  },
};

/** isBuiltin tells whether a word stands for a value, and may be called like a function. */
export function isBuiltin(name: string): boolean {
  return Object.hasOwn(builtins, name) || /^arg\d$/.test(name);
}

/** stackArgument is an argument that the caller put on the stack: above the return address (x86-64's calling convention). */
function stackArgument(state: State, node: WordNode, index: number): Value {
  const { kind } = state.unit.place;
  if (kind !== "uprobe" && kind !== "kprobe") return wrongProbe(state, node, "uprobe and kprobe");
  const held = fresh(state, "t");
  const space = spaceOf(state);
  state.out.push(
    `var ${held} uint64`,
    `bpf.Read${space === "user" ? "User" : "Kernel"}(&${held}, ctx.SP() + ${8 * (index + 1)})`,
  );
  return { ...integer(held, false), space };
}

/** builtin compiles a word: a builtin, `arg0`, or one of the kernel's constants. */
export function builtin(state: State, node: WordNode): Value {
  const row = Object.hasOwn(builtins, node.name) ? builtins[node.name] : undefined;
  if (row !== undefined) return row(state, node);
  const argument = /^arg(\d+)$/.exec(node.name)?.[1];
  if (argument !== undefined) {
    const { place } = state.unit;
    const { kind } = place;
    if (place.kind === "usdt") return usdtArgument(state, node, Number(argument), place.layouts);
    if (kind !== "rawtracepoint" && !registers.has(kind))
      return wrongProbe(state, node, "uprobe, kprobe and rawtracepoint");
    return { ...integer(`ctx.Arg(${argument})`, false), space: spaceOf(state) };
  }
  const stacked = /^sarg(\d{1,2})$/.exec(node.name)?.[1];
  if (stacked !== undefined) return stackArgument(state, node, Number(stacked));
  const constant = Object.hasOwn(kernelConstants, node.name)
    ? kernelConstants[node.name]
    : errorNumber(node.name);
  if (constant !== undefined) return integer(`int64(${constant})`, true, constant);
  state.report.error(
    "undefined",
    node,
    `nothing is called ${node.name}`,
    `known are ${Object.keys(builtins).join(", ")}, arg0 to arg5; variables are written $${node.name}, maps @${node.name}`,
  );
  return bad;
}
