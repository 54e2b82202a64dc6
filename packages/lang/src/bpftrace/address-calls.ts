import { registerOffset, registerRows } from "../types/registers.js";
import { under } from "../types/type.js";
import { processNumber, stackOf } from "./builtins.js";
import { argument, type Call, type CallRow, literalNumber, literalText, row } from "./call-arguments.js";
import type { StackMode } from "./config.js";
import { addressBytes } from "./internet.js";
import { copyMemory, keptRecord, placed } from "./memory.js";
import { spaceOf } from "./spaces.js";
import { bad, emit, fresh, mark, type State, type Value } from "./state.js";
import { as, integer, scalar } from "./values.js";

const kernelSymbol: Call = (state, node) => ({
  type: { kind: "ksym" },
  code: as(scalar(state, argument(node, 0), "ksym"), false),
});

const userSymbol: Call = (state, node) => {
  const address = as(scalar(state, argument(node, 0), "usym"), false);
  return {
    type: { kind: "usym" },
    code: "",
    into: (to) => {
      state.out.push(`${to}[0] = ${address}`, `${to}[1] = ${processNumber(state, "pid").code}`);
    },
  };
};

const modes: ReadonlySet<string> = new Set<StackMode>(["bpftrace", "perf", "raw", "build_id"]);
const isMode = (name: string): name is StackMode => modes.has(name);

const stack =
  (kind: "kstack" | "ustack"): Call =>
  (state, node) => {
    const named = node.arguments.find((each) => each.kind === "word");
    const limit = node.arguments.find((each) => each !== named);
    const name = named?.kind === "word" ? named.name : state.limits.config.stackMode;
    if (!isMode(name) || (node.arguments.length === 2 && named !== node.arguments[0])) {
      state.report.error(
        "bad-call",
        named ?? node,
        `Invalid stack mode: ${name}`,
        `known are ${[...modes].join(", ")}`,
      );
      return bad;
    }
    const frames = literalNumber(state, limit, `${kind}'s number of frames`, 127, 1024);
    return stackOf(state, kind, Math.min(127, Math.max(1, frames)), name);
  };

const space =
  (of: "kernel" | "user"): Call =>
  (state, node) => {
    const value = state.evaluate(state, argument(node, 0));
    if (value.type.kind === "pointer") {
      const { typed: _typed, ...plain } = value;
      return { ...plain, type: { ...value.type, space: of }, space: of };
    }
    if (value.type.kind === "array") return { ...value, space: of };
    return { ...integer(as(scalar(state, argument(node, 0), "a pointer"), false), false), space: of };
  };

const register: Call = (state, node) => {
  const name = literalText(state, argument(node, 0), "reg's register");
  if (name === undefined) return bad;
  const { kind } = state.unit.place;
  const method =
    { ip: "IP", pc: "IP", sp: "SP", bp: "FP", fp: "FP" }[name] ??
    `${/^r\d/.test(name) ? "" : "R"}${name}`.replace(/^./, (letter) => letter.toUpperCase());
  const known = /probe|usdt|watchpoint|^profile$|^interval$|^software$|^hardware$/.test(kind);
  if (!known || registerOffset(registerRows.x86_64, method, 0) === undefined) {
    state.report.error(
      "undefined",
      argument(node, 0),
      known
        ? `'${name}' is not a valid register on this architecture (x86_64)`
        : `${kind} probes have no registers`,
      "registers are ip, sp, bp, ax, di, si, …",
    );
    return bad;
  }
  return integer(`ctx.${method}()`, false);
};

const kernelAddress: Call = (state, node) => {
  const name = literalText(state, argument(node, 0), "kaddr's symbol");
  if (name === undefined) return bad;
  const address = state.limits.facts.kernelAddress?.(name);
  if (address !== undefined) return { ...integer(`uint64(${address})`, false, address), space: "kernel" };
  state.report.error("undefined", node, `Failed to resolve kernel symbol: ${name}`);
  return bad;
};

/** perCpuAddress is where a per-CPU variable of the kernel is for a processor; 0 for what is no processor. */
const perCpuAddress: Call = (state, node) => {
  const name = literalText(state, argument(node, 0), "percpu_kaddr's symbol");
  if (name === undefined) return bad;
  const cpu = node.arguments[1];
  const held = fresh(state, "t");
  if (cpu === undefined) emit(state, node, `${held} := bpf.Addr(bpf.ThisCPU(${JSON.stringify(name)}))`);
  else {
    const found = fresh(state, "p");
    const which = as(scalar(state, cpu, "percpu_kaddr"), false);
    emit(state, node, `${found} := bpf.PerCPU(${JSON.stringify(name)}, uint32(${which}))`);
    state.out.push(`var ${held} uint64`, `if ${found} != nil { ${held} = bpf.Addr(${found}) }`);
  }
  return { ...integer(held, false), space: "kernel" };
};

/** userAddress is where a variable of the probed program is: its symbol, moved as far as the probed instruction was. */
const userAddress: Call = (state, node) => {
  const name = literalText(state, argument(node, 0), "uaddr's symbol");
  if (name === undefined) return bad;
  const { place } = state.unit;
  if (place.kind !== "uprobe" && place.kind !== "uretprobe") {
    state.report.error("wrong-context", node, "uaddr can only be used with u(ret)probes and usdt probes");
    return bad;
  }
  const found = state.limits.facts.userAddress?.(place.path, name);
  if (found === undefined) {
    state.report.error("undefined", node, `Could not resolve symbol: ${place.path}:${name}`);
    return bad;
  }
  const bits = found.size === 1 || found.size === 2 || found.size === 4 ? found.size * 8 : 64;
  const base = place.kind === "uprobe" ? symbolBase(state, place.path, place.symbol) : undefined;
  const moved =
    !found.moves || base === undefined
      ? `uint64(${found.address})`
      : `(ctx.IP() - ${base + BigInt(place.offset)} + ${found.address})`;
  return {
    type: {
      kind: "pointer",
      target: { kind: "int", name: `uint${bits}`, bits: bits as 8 | 16 | 32 | 64, signed: false },
      space: "user",
    },
    code: moved,
    space: "user",
  };
};

function symbolBase(state: State, path: string, symbol: string): bigint | undefined {
  return state.limits.facts.userAddress?.(path, symbol)?.address;
}

const isBytes = (value: Value): boolean => {
  const { type } = value;
  const element = type.kind === "array" ? under(type.target.element) : undefined;
  return element?.kind === "int" && element.bits === 8;
};

/** ntop shows an address: IPv4 for a number or four bytes, IPv6 for sixteen; a family in front says which. */
const ntop: Call = (state, node) => {
  const two = node.arguments.length === 2;
  const at = argument(node, two ? 1 : 0);
  const family = two ? scalar(state, argument(node, 0), "ntop's family") : undefined;
  const value = state.evaluate(state, at);
  if (value.type.kind === "bad" || family?.type.kind === "bad") return bad;
  const isArray = value.type.kind === "array" && isBytes(value);
  const length = value.type.kind === "array" ? value.type.target.length : 0;
  if (isArray && length !== 4 && length !== 16) {
    state.report.error("wrong-type", at, "ntop() argument must be 4 or 16 bytes in size");
    return bad;
  }
  const known = length === 16 ? 10 : 2;
  return {
    type: { kind: "late", show: "inet", size: 24 },
    code: "",
    into: (to) => {
      state.out.push(`${to}.N = ${family === undefined ? known : as(family, false)}`);
      if (!isArray) {
        const held = fresh(state, "t");
        state.out.push(
          `${held} := uint32(${as(scalar(state, at, "ntop"), false)})`,
          `helpers.ProbeReadKernel(&${to}.B, 4, bpf.Addr(&${held}))`,
        );
        return;
      }
      const { code: held } = placed(state, node, value);
      state.out.push(`helpers.ProbeReadKernel(&${to}.B, ${length}, bpf.Addr(&${held}))`);
    },
  };
};

/** pton is an address as its bytes: four or sixteen. */
const pton: Call = (state, node) => {
  const text = literalText(state, argument(node, 0), "pton's address");
  if (text === undefined) return bad;
  const bytes = addressBytes(text);
  if (bytes === undefined) {
    state.report.error("bad-call", node, `Invalid IP address: ${text}`, 'pton("127.0.0.1"), pton("::1")');
    return bad;
  }
  const held = fresh(state, "s");
  state.out.push(`var ${held} [${bytes.length === 4 ? 8 : 16}]byte`);
  bytes.forEach((byte, i) => {
    if (byte !== 0) state.out.push(`${held}[${i}] = ${byte}`);
  });
  const element = { kind: "int", name: "uint8", bits: 8, signed: false } as const;
  return keptRecord(state, node, held, { kind: "array", element, length: bytes.length });
};

/** macaddr shows six bytes. */
const macaddr: Call = (state, node) => {
  const at = argument(node, 0);
  const value = state.evaluate(state, at);
  if (value.type.kind === "bad") return bad;
  const type = { kind: "late", show: "mac", size: 8 } as const;
  const own = value.type.kind === "array" && value.type.target.length > 0;
  if (own || (value.type.kind === "text" && value.memory !== undefined)) {
    const length =
      value.type.kind === "array"
        ? value.type.target.length
        : value.type.kind === "text"
          ? value.type.length
          : 0;
    if ((own && !isBytes(value)) || length !== 6 || value.memory === undefined) {
      state.report.error("wrong-type", at, "macaddr() argument must be 6 bytes in size");
      return bad;
    }
    const bytes = fresh(state, "s");
    state.out.push(`var ${bytes} [8]byte`);
    copyMemory(state, node, value.memory, bytes, 6);
    return { type, code: `bpf.Load64(&${bytes}, 0)` };
  }
  const held = fresh(state, "t");
  state.out.push(`var ${held} uint64`);
  const read = (value.space ?? spaceOf(state)) === "user" ? "User" : "Kernel";
  const address = as(scalar(state, at, "macaddr"), false);
  state.out.push(`helpers.ProbeRead${read}(&${held}, 6, ${mark(node)}${address})`);
  return { type, code: held };
};

/** isError is the kernel's IS_ERR: the last 4095 addresses are error numbers. */
const isError: Call = (state, node) => {
  const value = as(scalar(state, argument(node, 0), "is_err"), false);
  const held = fresh(state, "t");
  state.out.push(`${held} := ${value}`);
  return {
    type: { kind: "int", signed: true },
    code: `b2i(${held} >= ${-4095n & 0xffffffffffffffffn})`,
    condition: `(${held} >= ${-4095n & 0xffffffffffffffffn})`,
  };
};

/** addressCalls name addresses and find them. */
export const addressCalls: Readonly<Record<string, CallRow>> = {
  ksym: row(1, 1, "ksym(address)", kernelSymbol),
  usym: row(1, 1, "usym(address)", userSymbol),
  kstack: row(0, 2, "kstack(5)", stack("kstack")),
  ustack: row(0, 2, "ustack(5)", stack("ustack")),
  kptr: row(1, 1, "kptr(address)", space("kernel")),
  uptr: row(1, 1, "uptr(address)", space("user")),
  reg: row(1, 1, 'reg("ip")', register),
  kaddr: row(1, 1, 'kaddr("jiffies")', kernelAddress),
  uaddr: row(1, 1, 'uaddr("counter")', userAddress),
  percpu_kaddr: row(1, 2, 'percpu_kaddr("runqueues", 0)', perCpuAddress),
  ntop: row(1, 2, "ntop(args.daddr)", ntop),
  pton: row(1, 1, 'pton("127.0.0.1")', pton),
  macaddr: row(1, 1, "macaddr(p)", macaddr),
  is_err: row(1, 1, "is_err(retval)", isError),
};
