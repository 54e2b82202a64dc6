import { sizeOf } from "../types/type.js";
import { argument, type Call, type CallRow, literalNumber, row } from "./call-arguments.js";
import type { LateShape } from "./late.js";
import { placed } from "./memory.js";
import { spaceOf } from "./spaces.js";
import { bad, emit, fresh, mark, type State, type Value } from "./state.js";
import { textLiteral, textPlace } from "./text.js";
import type { CallNode, Node } from "./tree.js";
import { as, compareTexts, fromCondition, integer, isText, scalar } from "./values.js";

const round8 = (bytes: number): number => Math.max(8, Math.ceil(bytes / 8) * 8);

/** reader names the memory that an address points into: User or Kernel. */
function reader(state: State, address: Value): "User" | "Kernel" {
  return (address.space ?? spaceOf(state)) === "user" ? "User" : "Kernel";
}

/** positionalText is a parameter of the script as text: str($1), str($1 + 2), str($1, 4). */
function positionalText(state: State, node: Node): string | undefined {
  if (node.kind === "positional") return state.limits.parameters[node.index - 1] ?? "";
  if (node.kind !== "binary" || node.operator !== "+" || node.left.kind !== "positional") return undefined;
  const text = state.limits.parameters[node.left.index - 1] ?? "";
  return node.right.kind === "number" ? text.slice(Number(node.right.value)) : undefined;
}

const str: Call = (state, node) => {
  const limit = state.limits.textBytes;
  const [first, second] = [argument(node, 0), node.arguments[1]];
  const length = second === undefined ? undefined : scalar(state, second, "str's length");
  const known = typeof length?.constant === "bigint" ? Number(length.constant) : undefined;
  if (known !== undefined && known < 0) {
    state.report.error("out-of-range", second ?? node, "str's length cannot be negative");
    return bad;
  }
  const own = positionalText(state, first);
  // The size counts the NUL: str(p, 4) reads at most three characters, as bpftrace does.
  if (own !== undefined)
    return textLiteral(state, known === undefined ? own : own.slice(0, Math.max(0, known - 1)));
  // Without a length, or with one that is too long, what was cut is shown as cut.
  const isCut = known === undefined || known > limit;
  const bytes = isCut ? limit + 1 : known;
  const size = round8(bytes);
  const value = state.evaluate(state, first);
  if (isText(value)) return value;
  const address = value.type.kind === "int" ? value : scalar(state, first, "str");
  if (address.type.kind === "bad") return bad;
  const read = reader(state, address);
  const from = `${mark(node)}${as(address, false)}`;
  return {
    type: { kind: "text", size, ...(isCut ? { cut: limit } : {}) },
    code: "",
    into: (to) => {
      if (length !== undefined && known === undefined) {
        const given = fresh(state, "n");
        state.out.push(
          `${given} := ${as(length, false)}`,
          `if ${given} > ${bytes} { ${given} = ${bytes} }`,
          `helpers.ProbeRead${read}Str(&${to}, ${given}, ${from})`,
        );
      } else if (bytes < size) state.out.push(`helpers.ProbeRead${read}Str(&${to}, ${bytes}, ${from})`);
      else state.out.push(`bpf.Read${read}String(&${to}, ${from})`);
    },
  };
};

function notText(state: State, node: CallNode, values: readonly Value[]): boolean {
  const wrong = values.findIndex((value) => !isText(value) && value.type.kind !== "bad");
  if (wrong < 0) return values.some((value) => value.type.kind === "bad");
  const hint = "str() reads a text from an address";
  state.report.error("wrong-type", argument(node, wrong), `${node.name} takes texts`, hint);
  return true;
}

/** difference is 1 where two texts differ, 0 where they do not. */
const difference = (condition: string): Value => ({
  type: { kind: "int", signed: true },
  code: `b2i(${condition})`,
  condition,
});

const strncmp: Call = (state, node) => {
  const a = state.evaluate(state, argument(node, 0));
  const b = state.evaluate(state, argument(node, 1));
  const limit = literalNumber(state, argument(node, 2), "strncmp's length", 0, 1 << 20);
  if (notText(state, node, [a, b])) return bad;
  if (typeof a.constant === "string" && typeof b.constant === "string") {
    const differ = a.constant.slice(0, limit) !== b.constant.slice(0, limit);
    return integer(differ ? "int64(1)" : "int64(0)", true, differ ? 1n : 0n);
  }
  if (typeof a.constant === "string" || typeof b.constant === "string")
    return difference(`!(${compareTexts(state, node, a, b, limit)})`);
  const first = textPlace(state, a);
  const second = textPlace(state, b);
  const [differ, at] = [fresh(state, "d"), fresh(state, "i")];
  const rounds = Math.min(limit, first.size, second.size);
  state.out.push(`var ${differ} bool`, `var ${at} uint64 = unknown`);
  emit(state, node, `bpf.Loop(${rounds}, func(_ uint32) bool {`);
  state.out.push(
    `if ${at} >= ${rounds} { return true }`,
    `if ${first.place}[${at}] != ${second.place}[${at}] { ${differ} = true; return true }`,
    `if ${first.place}[${at}] == 0 { return true }`,
    `${at} += 1`,
    "return false",
    "})",
  );
  return difference(differ);
};

/** search looks for one text in another, byte by byte: the kernel's own search (bpf_strstr) is of 6.17. */
function search(state: State, node: CallNode): { found: string; at: string } | undefined {
  const hay = state.evaluate(state, argument(node, 0));
  const needle = state.evaluate(state, argument(node, 1));
  if (notText(state, node, [hay, needle])) return undefined;
  if (typeof hay.constant === "string" && typeof needle.constant === "string") {
    const index = hay.constant.indexOf(needle.constant);
    return { found: index < 0 ? "false" : "true", at: `uint64(${Math.max(0, index)})` };
  }
  const [a, b] = [textPlace(state, hay), textPlace(state, needle)];
  const [found, at, same] = [fresh(state, "f"), fresh(state, "i"), fresh(state, "j")];
  // Each round looks at one byte: a match goes on in the needle, a difference starts again one byte later.
  const rounds = Math.min(1 << 20, a.size * b.size);
  state.out.push(`var ${found} bool`, `var ${at} uint64 = unknown`, `var ${same} uint64 = unknown`);
  emit(state, node, `bpf.Loop(${rounds}, func(_ uint32) bool {`);
  state.out.push(
    `if ${same} >= ${b.size} { ${found} = true; return true }`,
    `if ${b.place}[${same}] == 0 { ${found} = true; return true }`,
    `if ${at} + ${same} >= ${a.size} { return true }`,
    `if ${a.place}[${at} + ${same}] == 0 { return true }`,
    `if ${a.place}[${at} + ${same}] == ${b.place}[${same}] { ${same} += 1 } else { ${at} += 1; ${same} = 0 }`,
    "return false",
    "})",
  );
  return { found, at };
}

const strcontains: Call = (state, node) => {
  const result = search(state, node);
  return result === undefined ? bad : fromCondition(result.found);
};

const strstr: Call = (state, node) => {
  const result = search(state, node);
  if (result === undefined) return bad;
  const held = fresh(state, "t");
  state.out.push(`var ${held} int64 = -1`, `if ${result.found} { ${held} = int64(${result.at}) }`);
  return integer(held, true);
};

/** strlen counts the bytes before the NUL. */
const strlen: Call = (state, node) => {
  const at = argument(node, 0);
  const value = state.evaluate(state, at);
  if (notText(state, node, [value])) return bad;
  if (typeof value.constant === "string")
    return integer(`uint64(${value.constant.length})`, false, BigInt(value.constant.length));
  const { place, size } = textPlace(state, value);
  const [length, index] = [fresh(state, "n"), fresh(state, "i")];
  state.out.push(`var ${length} uint64 = ${size}`, `var ${index} uint64 = unknown`);
  emit(state, node, `bpf.Loop(${size}, func(_ uint32) bool {`);
  state.out.push(
    `if ${index} >= ${size} { return true }`,
    `if ${place}[${index}] == 0 { ${length} = ${index}; return true }`,
    `${index} += 1`,
    "return false",
    "})",
  );
  return integer(length, false);
};

/** buf reads bytes; of an array all of them when no length is given. */
const buf: Call = (state, node) => {
  const limit = state.limits.textBytes;
  const [first, second] = [argument(node, 0), node.arguments[1]];
  const value = state.evaluate(state, first);
  const { type } = value;
  if (type.kind === "bad") return bad;
  const length = second === undefined ? undefined : scalar(state, second, "buf's length");
  if (length?.type.kind === "bad") return bad;
  const known = typeof length?.constant === "bigint" ? Number(length.constant) : undefined;
  const own = type.kind === "array" ? type.target.length * sizeOf(type.target.element) : undefined;
  if (length === undefined && own === undefined && type.kind !== "text") {
    state.report.error("bad-call", node, "buf needs a length where it is given an address", "buf(p, 16)");
    return bad;
  }
  const most = known ?? (length === undefined ? (own ?? (type.kind === "text" ? type.size : limit)) : limit);
  const room = round8(Math.min(most, Math.max(limit, own ?? 0)));
  const shape: LateShape = { kind: "late", show: "buf", size: 8 + room };
  const held = type.kind === "text" || type.kind === "array" ? undefined : scalar(state, first, "buf");
  return {
    type: shape,
    code: "",
    into: (to) => {
      const given = fresh(state, "n");
      state.out.push(
        `${given} := uint64(${length === undefined ? Math.min(most, room) : as(length, false)})`,
        `if ${given} > ${room} { ${given} = ${room} }`,
        `${to}.N = ${given}`,
      );
      if (held !== undefined) {
        emit(state, node, `helpers.ProbeRead${reader(state, held)}(&${to}.B, ${given}, ${as(held, false)})`);
        return;
      }
      if (type.kind === "text") {
        const { place } = textPlace(state, value);
        emit(state, node, `helpers.ProbeReadKernel(&${to}.B, ${given}, bpf.Addr(&${place}))`);
        return;
      }
      const copy = placed(state, node, value).code;
      emit(state, node, `helpers.ProbeReadKernel(&${to}.B, ${given}, bpf.Addr(&${copy}))`);
    },
  };
};

const signalName: Call = (state, node) => {
  const signal = scalar(state, argument(node, 0), "signal_name");
  if (signal.type.kind === "bad") return bad;
  return { type: { kind: "late", show: "signal", size: 8 }, code: as(signal, false) };
};

const strerror: Call = (state, node) => {
  const error = scalar(state, argument(node, 0), "strerror");
  if (error.type.kind === "bad") return bad;
  return { type: { kind: "late", show: "error", size: 8 }, code: `uint64(${error.code})` };
};

/** widthOf says how wide a number is in the script. */
function widthOf(value: Value, node: Node): 8 | 16 | 32 | 64 {
  // A sum of literals is as wide as sums are, however small it is.
  if (node.kind === "binary") return 64;
  return value.type.kind === "int" ? (value.type.bits ?? 64) : 64;
}

const bswap: Call = (state, node) => {
  const at = argument(node, 0);
  const value = scalar(state, at, "bswap");
  if (value.type.kind === "bad") return bad;
  const width = widthOf(value, at);
  const name = { 8: undefined, 16: "Ntohs", 32: "Ntohl", 64: "Ntohll" }[width];
  const result = { type: { kind: "int", signed: false, ...(width < 64 ? { bits: width } : {}) } } as const;
  if (name === undefined) return { ...result, code: as(value, false) };
  return { ...result, code: `uint64(bpf.${name}(uint${width}(${value.code})))` };
};

/** textCalls read and compare texts and bytes. */
export const textCalls: Readonly<Record<string, CallRow>> = {
  str: row(1, 2, "str(args.filename)", str),
  strncmp: row(3, 3, 'strncmp(comm, "node", 4)', strncmp),
  strstr: row(2, 2, 'strstr(comm, "node")', strstr),
  strlen: row(1, 1, "strlen(comm)", strlen),
  strcontains: row(2, 2, 'strcontains(comm, "node")', strcontains),
  buf: row(1, 2, "buf(args.buf, 16)", buf),
  strerror: row(1, 1, "strerror(-args.ret)", strerror),
  signal_name: row(1, 1, "signal_name(9)", signalName),
  bswap: row(1, 1, "bswap(args.dport)", bswap),
};
