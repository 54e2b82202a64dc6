import { builtin, processNumber } from "./builtins.js";
import {
  argument,
  type Call,
  type CallRow,
  literalText,
  needsUnsafe,
  nothing,
  row,
} from "./call-arguments.js";
import { bad, emit, type Value } from "./state.js";
import type { Node } from "./tree.js";
import { as, integer, scalar } from "./values.js";

/** signals by name: include/uapi/asm-generic/signal.h, the numbers of x86 and arm. */
const signals = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
  "XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

const signal: Call = (state, node) => {
  if (needsUnsafe(state, node)) return nothing;
  const at = argument(node, 0);
  const value = state.evaluate(state, at);
  let number: string;
  if (typeof value.constant === "string") {
    const name = value.constant.toUpperCase().replace(/^SIG/, "");
    const found = signals.indexOf(name) + 1;
    if (found === 0) {
      state.report.error("bad-call", at, `${value.constant} is not a valid signal`);
      return nothing;
    }
    number = `${found}`;
  } else {
    const given = scalar(state, at, "signal");
    const { constant } = given;
    if (typeof constant === "bigint" && (constant < 1n || constant > 64n)) {
      state.report.error("bad-call", at, `${constant} is not a valid signal, allowed range: [1,64]`);
      return nothing;
    }
    number = `uint32(${given.code})`;
  }
  const helper = node.name === "signal_thread" ? "SendSignalThread" : "SendSignal";
  emit(state, node, `helpers.${helper}(${number})`);
  return nothing;
};

/** override answers the probed function's caller itself: only kprobes can, and only where the kernel lets them. */
const override: Call = (state, node) => {
  if (needsUnsafe(state, node)) return nothing;
  const value = scalar(state, argument(node, 0), "override");
  if (state.unit.place.kind !== "kprobe") {
    state.report.error(
      "wrong-context",
      node,
      `override can only be used with kprobes, this is a ${state.unit.place.kind} probe`,
    );
    return nothing;
  }
  emit(state, node, `helpers.OverrideReturn(ctx, ${as(value, false)})`);
  return nothing;
};

const writeUser: Call = (state, node) => {
  if (needsUnsafe(state, node)) return nothing;
  const to = scalar(state, argument(node, 0), "write_user");
  const value = state.evaluate(state, argument(node, 1));
  const size = scalar(state, argument(node, 2), "write_user's size");
  const at = typeof value.constant === "string" ? value.constant : undefined;
  if (at === undefined) {
    state.report.error(
      "unsupported",
      argument(node, 1),
      "write_user writes text literals",
      'write_user(p, "x", 1)',
    );
    return nothing;
  }
  const held = `w${state.counter++}`;
  const room = Math.max(8, Math.ceil(at.length / 8) * 8);
  state.out.push(`var ${held} [${room}]byte`);
  value.into?.(held, room);
  const bytes = typeof size.constant === "bigint" ? Math.min(Number(size.constant), room) : room;
  emit(state, node, `helpers.ProbeWriteUser(${as(to, false)}, &${held}, ${bytes})`);
  return nothing;
};

/** processCall is pid(curr_ns) or tid(init): in whose namespace the number is asked for. */
const processCall: Call = (state, node) => {
  const which = node.name === "tid" ? "tid" : "pid";
  const [mode] = node.arguments;
  if (mode === undefined) return processNumber(state, which);
  const name = mode.kind === "word" ? mode.name : "";
  if (name === "curr_ns" || name === "init") return processNumber(state, which, name);
  state.report.error("bad-call", mode, `Invalid PID namespace mode: ${name} (expects: curr_ns or init)`);
  return bad;
};

/** nameOfProcess is comm(pid): the kernel lets only its tracing programs look for a process by its number. */
const nameOfProcess: Call = (state, node) => {
  const [which] = node.arguments;
  if (which === undefined)
    return builtin(state, { kind: "word", name: "comm", start: node.start, end: node.end });
  const { kind } = state.unit.place;
  if (kind !== "iter" && kind !== "fentry" && kind !== "fexit") {
    state.report.error(
      "wrong-context",
      node,
      `Syntax comm(PID) is not supported in this probe type yet. Type: ${kind}`,
      "it is in iter, fentry and fexit probes",
    );
    return bad;
  }
  const pid = scalar(state, which, "comm");
  if (pid.type.kind === "bad") return bad;
  return {
    type: { kind: "text", size: 16 },
    code: "",
    into: (to) => {
      const task = `t${state.counter++}`;
      emit(state, node, `${task} := kfunc.bpf_task_from_pid(int32(${pid.code}))`);
      state.out.push(
        `if ${task} != nil {`,
        `helpers.ProbeReadKernelStr(&${to}, 16, bpf.Addr(&${task}.comm))`,
        `kfunc.bpf_task_release(${task})`,
        "}",
      );
    },
  };
};

const cgroupId: Call = (state, node) => {
  const path = literalText(state, argument(node, 0), "cgroupid's path");
  if (path === undefined) return bad;
  const id = state.limits.facts.cgroupId?.(path);
  if (id !== undefined) return integer(`uint64(${id})`, false, id);
  state.report.error("undefined", node, `Failed to get cgroup ID: ${path}: No such file or directory`);
  return bad;
};

const cgroupPath: Call = (state, node) => {
  const id = scalar(state, argument(node, 0), "cgroup_path");
  const pattern =
    node.arguments[1] === undefined
      ? undefined
      : literalText(state, argument(node, 1), "cgroup_path's pattern");
  if (id.type.kind === "bad") return bad;
  const detail = pattern === undefined ? {} : { detail: pattern };
  return { type: { kind: "late", show: "cgroup", size: 8, ...detail }, code: as(id, false) };
};

const socketCookie: Call = (state, node) => {
  const value: Value = state.evaluate(state, argument(node, 0));
  if (value.type.kind === "bad") return bad;
  if (value.type.kind !== "pointer") {
    state.report.error("wrong-type", node, "socket_cookie() only supports struct sock pointers");
    return bad;
  }
  // The number that the kernel gave the socket when it was first asked for: struct sock_common.
  const names = ["__sk_common", "skc_cookie", "counter"];
  return state.evaluate(
    state,
    names.reduce<Node>(
      (object, name) => ({ kind: "field", object, name, nameAt: node, start: node.start, end: node.end }),
      argument(node, 0),
    ),
  );
};

const path: Call = (state, node) => {
  state.report.error(
    "unsupported",
    node,
    "path() asks for bpf_d_path, which the kernel allows in fentry probes of a few functions only",
    "str(args.filename) in the tracepoints of system calls has what the process gave",
  );
  return bad;
};

/** machineCalls ask the machine, or change it. */
export const machineCalls: Readonly<Record<string, CallRow>> = {
  signal: row(1, 1, 'signal("KILL")', signal),
  signal_thread: row(1, 1, 'signal_thread("KILL")', signal),
  override: row(1, 1, "override(-1)", override),
  write_user: row(3, 3, 'write_user(p, "x", 1)', writeUser),
  comm: row(0, 1, "comm(pid)", nameOfProcess),
  pid: row(0, 1, "pid(curr_ns)", processCall),
  tid: row(0, 1, "tid(curr_ns)", processCall),
  cgroupid: row(1, 1, 'cgroupid("/sys/fs/cgroup/system.slice")', cgroupId),
  cgroup_path: row(1, 2, "cgroup_path(cgroup)", cgroupPath),
  socket_cookie: row(1, 1, "socket_cookie((struct sock *)arg0)", socketCookie),
  path: row(1, 2, "path(args.path)", path),
};
