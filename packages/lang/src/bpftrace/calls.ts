import { registerOffset, registerRows } from "../types/registers.js";
import { isAggregation } from "./aggregate.js";
import { stackOf } from "./builtins.js";
import { type Given, send, shapesOf } from "./events.js";
import { spaceOf } from "./fields.js";
import { parseFormat } from "./format.js";
import { entryOf, keyOf } from "./maps.js";
import type { FormatPiece, Shape } from "./script.js";
import { bad, emit, fresh, mark, type State, typeTitle, type Value } from "./state.js";
import type { CallNode, MapNode, Node } from "./tree.js";
import { as, compareTexts, fromCondition, integer, isText, scalar } from "./values.js";

type Call = (state: State, node: CallNode) => Value;

/** CallRow is a function of the language: how many arguments, what it compiles to. */
interface CallRow {
  readonly least: number;
  readonly most: number;
  readonly form: string;
  readonly compile: Call;
}

const nothing: Value = { type: { kind: "void" }, code: "" };

function argument(node: CallNode, index: number): Node {
  const found = node.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
}

function text(state: State, node: Node, what: string): string | undefined {
  const value = state.evaluate(state, node);
  if (typeof value.constant === "string") return value.constant;
  if (value.type.kind !== "bad") state.report.error("not-constant", node, `${what} must be a text literal`);
  return undefined;
}

function number(state: State, node: Node | undefined, what: string, otherwise: number, most: number): number {
  if (node === undefined) return otherwise;
  const value = scalar(state, node, what);
  if (typeof value.constant === "bigint" && value.constant >= 0n && value.constant <= BigInt(most))
    return Number(value.constant);
  if (value.type.kind !== "bad")
    state.report.error("not-constant", node, `${what} must be a number from 0 to ${most}`);
  return otherwise;
}

function map(state: State, node: Node, what: string): MapNode | undefined {
  if (node.kind === "map") return node;
  state.report.error("wrong-type", node, `${what} takes a map`, `${what}(@x)`);
  return undefined;
}

const given = (state: State, nodes: readonly Node[]): Given[] =>
  nodes.map((at) => ({ value: state.evaluate(state, at), at }));

function conversionTakes(letter: (FormatPiece & { kind: "conversion" })["letter"], shape: Shape): boolean {
  return letter === "s" ? shape.kind !== "int" : shape.kind === "int" || shape.kind === "ksym";
}

const printf: Call = (state, node) => {
  const at = argument(node, 0);
  const format = text(state, at, "printf's format");
  const values = given(state, node.arguments.slice(1));
  if (format === undefined) return nothing;
  const pieces = parseFormat(format, at, state.report);
  const conversions = pieces.flatMap((piece) => (piece.kind === "conversion" ? [piece] : []));
  if (conversions.length !== values.length) {
    state.report.error(
      "bad-call",
      at,
      `the format has ${conversions.length} conversion${conversions.length === 1 ? "" : "s"}, ${values.length} value${values.length === 1 ? " is" : "s are"} given`,
      "one value for each %",
    );
    return nothing;
  }
  const shapes = shapesOf(state, values);
  if (shapes === undefined) return nothing;
  conversions.forEach(({ letter }, i) => {
    const shape = shapes[i];
    const value = values[i];
    if (shape === undefined || value === undefined || conversionTakes(letter, shape)) return;
    const hint =
      letter === "s"
        ? "print integers by %d or %x, texts at addresses by str()"
        : "print texts, stacks and symbols by %s";
    state.report.error("wrong-type", value.at, `%${letter} cannot show ${typeTitle(value.value.type)}`, hint);
  });
  send(state, node, { kind: "printf", format: pieces, fields: shapes }, values, shapes);
  return nothing;
};

const print: Call = (state, node) => {
  const first = argument(node, 0);
  if (first.kind === "map" && first.keys.length === 0) {
    const entry = entryOf(state, first.name, first);
    const top = number(state, node.arguments[1], "print's number of entries", 0, 1_000_000);
    const divisor = number(state, node.arguments[2], "print's divisor", 1, 2 ** 31);
    send(state, node, { kind: "print-map", map: entry.name, top, divisor });
    return nothing;
  }
  if (node.arguments.length > 1) {
    state.report.error(
      "bad-call",
      node,
      "only whole maps are printed with a number of entries",
      "print(@x, 10)",
    );
    return nothing;
  }
  const values = given(state, [first]);
  const shapes = shapesOf(state, values);
  if (shapes !== undefined) send(state, node, { kind: "print-value", fields: shapes }, values, shapes);
  return nothing;
};

const wholeMap =
  (kind: "clear" | "zero"): Call =>
  (state, node) => {
    const found = map(state, argument(node, 0), kind);
    if (found === undefined) return nothing;
    if (found.keys.length > 0)
      state.report.error(
        "bad-call",
        found,
        `${kind} takes a whole map`,
        `delete(${found.name}[…]) takes one element`,
      );
    else send(state, node, { kind, map: entryOf(state, found.name, found).name });
    return nothing;
  };

const remove: Call = (state, node) => {
  const found = map(state, argument(node, 0), "delete");
  if (found === undefined) return nothing;
  const known = entryOf(state, found.name, found);
  const key = node.arguments[1];
  if (known.aggregation === "hist" || known.aggregation === "lhist") {
    state.report.error(
      "unsupported",
      node,
      `one element of a ${known.aggregation}() cannot be deleted`,
      `clear(${found.name}) empties it`,
    );
    return nothing;
  }
  const target = key === undefined ? found : { ...found, keys: [key] };
  const { entry, key: address } = keyOf(state, target);
  emit(state, node, `${entry.go}.Delete(${address})`);
  return nothing;
};

const exit: Call = (state, node) => {
  // Its record may find no room: the variable stands for it then.
  state.out.push("leaving = 1");
  send(state, node, { kind: "exit" });
  state.out.push(...state.leave);
  return nothing;
};

const time: Call = (state, node) => {
  const format = node.arguments.length === 0 ? "%H:%M:%S\n" : text(state, argument(node, 0), "time's format");
  if (format !== undefined) send(state, node, { kind: "time", format });
  return nothing;
};

const strftime: Call = (state, node) => {
  const format = text(state, argument(node, 0), "strftime's format");
  const at = scalar(state, argument(node, 1), "strftime");
  return format === undefined ? bad : { type: { kind: "strftime", format }, code: as(at, false) };
};

const str: Call = (state, node) => {
  const limit = state.limits.textBytes;
  const bytes = number(state, node.arguments[1], "str's length", limit, 1024);
  const size = Math.min(limit, Math.max(8, Math.ceil(bytes / 8) * 8));
  const value = state.evaluate(state, argument(node, 0));
  if (isText(value)) return value;
  const address = value.type.kind === "int" ? value : scalar(state, argument(node, 0), "str");
  if (address.type.kind === "bad") return bad;
  const read = (address.space ?? spaceOf(state)) === "user" ? "User" : "Kernel";
  return {
    type: { kind: "text", size },
    code: "",
    into: (to) => {
      // The size counts the NUL: str(p, 4) reads at most three characters, as bpftrace does.
      const shorter = node.arguments.length > 1 && bytes < size;
      state.out.push(
        shorter
          ? `helpers.ProbeRead${read}Str(&${to}, ${bytes}, ${mark(node)}${as(address, false)})`
          : `bpf.Read${read}String(&${to}, ${mark(node)}${as(address, false)})`,
      );
    },
  };
};

const join: Call = (state, node) => {
  const separator = node.arguments.length > 1 ? text(state, argument(node, 1), "join's separator") : " ";
  const address = scalar(state, argument(node, 0), "join");
  if (separator === undefined || address.type.kind === "bad") return nothing;
  const read = (address.space ?? spaceOf(state)) === "user" ? "User" : "Kernel";
  const shapes: Shape[] = Array.from({ length: 16 }, () => ({ kind: "text", size: 64 }));
  // The list ends with a zero; behind it, for argv, the environment begins.
  const goesOn = fresh(state, "g");
  state.out.push(`${goesOn} := true`);
  const values = shapes.map(
    (shape, i): Given => ({
      at: node,
      value: {
        type: shape,
        code: "",
        into: (to) => {
          const word = fresh(state, "w");
          state.out.push(
            `var ${word} uint64`,
            `if ${goesOn} { bpf.Read${read}(&${word}, ${as(address, false)} + ${i * 8}) }`,
            `if ${word} == 0 { ${goesOn} = false } else { bpf.Read${read}String(&${to}, ${word}) }`,
          );
        },
      },
    }),
  );
  send(state, node, { kind: "join", separator, fields: shapes }, values, shapes);
  return nothing;
};

const strncmp: Call = (state, node) => {
  const a = state.evaluate(state, argument(node, 0));
  const b = state.evaluate(state, argument(node, 1));
  const limit = number(state, argument(node, 2), "strncmp's length", 0, 1024);
  if (a.type.kind === "bad" || b.type.kind === "bad") return bad;
  const wrong = !isText(a) ? 0 : !isText(b) ? 1 : undefined;
  if (wrong !== undefined) {
    state.report.error(
      "wrong-type",
      argument(node, wrong),
      "strncmp compares texts",
      "str() reads a text from an address",
    );
    return bad;
  }
  return fromCondition(`!(${compareTexts(state, node, a, b, limit)})`);
};

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
      state.out.push(`${to}[0] = ${address}`, `${to}[1] = uint64(bpf.PID())`);
    },
  };
};

const stack =
  (kind: "kstack" | "ustack"): Call =>
  (state, node) => {
    // kstack(perf, 3): only the plain form of frames is written, as is bpftrace's own default.
    const last = node.arguments.at(-1);
    const mode = last === undefined || last.kind === "word" ? undefined : last;
    const named = node.arguments.find((each) => each.kind === "word");
    if (named?.kind === "word" && named.name !== "bpftrace")
      state.report.error("unsupported", named, `stacks are written in bpftrace's form only`, `${kind}(5)`);
    return stackOf(state, kind, Math.max(1, number(state, mode, `${kind}'s number of frames`, 127, 127)));
  };

const space =
  (of: "kernel" | "user"): Call =>
  (state, node) => ({
    ...integer(as(scalar(state, argument(node, 0), "a pointer"), false), false),
    space: of,
  });

const register: Call = (state, node) => {
  const name = text(state, argument(node, 0), "reg's register");
  if (name === undefined) return bad;
  const { kind } = state.unit.place;
  const method =
    { ip: "IP", sp: "SP", bp: "FP", fp: "FP" }[name] ??
    `${/^r\d/.test(name) ? "" : "R"}${name}`.replace(/^./, (letter) => letter.toUpperCase());
  const known =
    kind.includes("probe") ||
    kind === "profile" ||
    kind === "interval" ||
    kind === "software" ||
    kind === "hardware";
  if (!known || registerOffset(registerRows.x86_64, method, 0) === undefined) {
    state.report.error(
      "undefined",
      argument(node, 0),
      known ? `there is no register "${name}"` : `${kind} probes have no registers`,
      "registers are ip, sp, bp, ax, di, si, …",
    );
    return bad;
  }
  return integer(`ctx.${method}()`, false);
};

const row = (least: number, most: number, form: string, compile: Call): CallRow => ({
  least,
  most,
  form,
  compile,
});

/** calls are the functions of the language. */
const calls: Readonly<Record<string, CallRow>> = {
  printf: row(1, 33, 'printf("%d\\n", pid)', printf),
  print: row(1, 3, "print(@x, 10)", print),
  clear: row(1, 1, "clear(@x)", wholeMap("clear")),
  zero: row(1, 1, "zero(@x)", wholeMap("zero")),
  delete: row(1, 2, "delete(@x[key])", remove),
  exit: row(0, 0, "exit()", exit),
  time: row(0, 1, 'time("%H:%M:%S\\n")', time),
  strftime: row(2, 2, 'strftime("%H:%M:%S", nsecs)', strftime),
  str: row(1, 2, "str(args.filename)", str),
  join: row(1, 2, "join(args.argv)", join),
  strncmp: row(3, 3, 'strncmp(comm, "node", 4)', strncmp),
  ksym: row(1, 1, "ksym(address)", kernelSymbol),
  usym: row(1, 1, "usym(address)", userSymbol),
  kstack: row(0, 2, "kstack(5)", stack("kstack")),
  ustack: row(0, 2, "ustack(5)", stack("ustack")),
  kptr: row(1, 1, "kptr(address)", space("kernel")),
  uptr: row(1, 1, "uptr(address)", space("user")),
  reg: row(1, 1, 'reg("ip")', register),
};

/** refused are bpftrace's functions that are not here, with the reason. */
const refused: Readonly<Record<string, string>> = {
  override: "it changes what the kernel does, and this tool only looks",
  signal: "it changes the traced process, and this tool only looks",
  system: "it runs commands from a probe, and this tool only looks",
};

/** call compiles a call. */
export function call(state: State, node: CallNode): Value {
  const known = Object.hasOwn(calls, node.name) ? calls[node.name] : undefined;
  if (known === undefined) {
    const why = Object.hasOwn(refused, node.name) ? refused[node.name] : undefined;
    if (isAggregation(node.name))
      state.report.error(
        "misplaced",
        node,
        `${node.name}() is only known as a map's value`,
        `@x = ${node.name}(…);`,
      );
    else if (why !== undefined)
      state.report.error("unsupported", node.nameAt, `${node.name}() is refused: ${why}`);
    else
      state.report.error(
        "undefined",
        node.nameAt,
        `there is no function ${node.name}`,
        `known are ${Object.keys(calls).join(", ")}, and for maps count, sum, avg, min, max, stats, hist, lhist`,
      );
    return bad;
  }
  const { length } = node.arguments;
  if (length < known.least || length > known.most) {
    const wanted = known.least === known.most ? `${known.least}` : `${known.least} to ${known.most}`;
    state.report.error(
      "bad-call",
      node,
      `${node.name} takes ${wanted} arguments, ${length} given`,
      known.form,
    );
    return bad;
  }
  return known.compile(state, node);
}
