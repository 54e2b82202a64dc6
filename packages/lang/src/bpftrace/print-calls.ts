import {
  argument,
  type Call,
  type CallRow,
  evaluated,
  literalNumber,
  literalText,
  needsUnsafe,
  nothing,
  row,
} from "./call-arguments.js";
import { type Given, send, shapesOf } from "./events.js";
import { parseFormat } from "./format.js";
import { entryOf } from "./maps.js";
import type { FormatPiece, PrintfKind, Shape } from "./script.js";
import { typeTitle } from "./shapes.js";
import { spaceOf } from "./spaces.js";
import { emit, fresh, type State } from "./state.js";
import { textPlace } from "./text.js";
import type { CallNode } from "./tree.js";
import { as, isText, scalar } from "./values.js";

type Letter = (FormatPiece & { kind: "conversion" })["letter"];

const words: ReadonlySet<string> = new Set(["int", "ksym", "bool", "pointer"]);

function conversionTakes(letter: Letter, shape: Shape): boolean {
  if (letter === "s") return true;
  if (letter === "r" || letter === "rx" || letter === "rh")
    return shape.kind === "late" && shape.show === "buf";
  return words.has(shape.kind);
}

interface Formatted {
  readonly pieces: readonly FormatPiece[];
  readonly values: readonly Given[];
  readonly shapes: readonly Shape[];
}

/** formatted reads a format and its values, and checks them against each other. */
function formatted(state: State, node: CallNode): Formatted | undefined {
  const at = argument(node, 0);
  const format = literalText(state, at, `${node.name}'s format`);
  const values = evaluated(state, node.arguments.slice(1));
  if (format === undefined) return undefined;
  const pieces = parseFormat(format, at, state.report);
  const conversions = pieces.flatMap((piece) => (piece.kind === "conversion" ? [piece] : []));
  if (conversions.length !== values.length) {
    state.report.error(
      "bad-call",
      at,
      `${values.length < conversions.length ? "not enough" : "too many"} arguments for format string (${values.length} supplied, ${conversions.length} expected)`,
      "one value for each %",
    );
    return undefined;
  }
  const shapes = shapesOf(state, values);
  if (shapes === undefined) return undefined;
  conversions.forEach(({ letter }, i) => {
    const shape = shapes[i];
    const value = values[i];
    if (shape === undefined || value === undefined || conversionTakes(letter, shape)) return;
    const hint = letter.startsWith("r")
      ? "%r shows what buf() gives"
      : "print texts, stacks and symbols by %s";
    state.report.error("wrong-type", value.at, `%${letter} cannot show ${typeTitle(value.value.type)}`, hint);
  });
  return { pieces, values, shapes };
}

const printing =
  (to: PrintfKind): Call =>
  (state, node) => {
    if (to === "system" && needsUnsafe(state, node)) return nothing;
    const found = formatted(state, node);
    if (found === undefined) return nothing;
    const { pieces, values, shapes } = found;
    const at = { start: node.start, end: node.end };
    const from = state.expansions.filter((each) => each.start !== at.start).reverse();
    send(state, node, { kind: "printf", to, format: pieces, fields: shapes, at, from }, values, shapes);
    return nothing;
  };

const print: Call = (state, node) => {
  const first = argument(node, 0);
  if (first.kind === "map" && first.keys.length === 0) {
    const entry = entryOf(state, first.name, first);
    const top = literalNumber(state, node.arguments[1], "print's number of entries", 0, 1_000_000);
    const divisor = literalNumber(state, node.arguments[2], "print's divisor", 1, 2 ** 31);
    if (entry.aggregation === "stats" && divisor > 1)
      state.report.warning("bad-call", node, "print()'s divisor has no effect on stats");
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
  const values = evaluated(state, [first]);
  const shapes = shapesOf(state, values);
  if (shapes !== undefined) send(state, node, { kind: "print-value", fields: shapes }, values, shapes);
  return nothing;
};

/** debugf writes into the kernel's trace pipe, by the kernel's own printf. */
const debugf: Call = (state, node) => {
  const at = argument(node, 0);
  const format = literalText(state, at, "debugf's format");
  if (format === undefined) return nothing;
  // bpf_trace_printk takes three values at most.
  if (node.arguments.length > 4) {
    state.report.error("bad-call", node, "debugf takes three values at most, as the kernel's printk does");
    return nothing;
  }
  const values = evaluated(state, node.arguments.slice(1)).map(({ value }, i) => {
    if (isText(value)) return `bpf.Addr(&${textPlace(state, value).place})`;
    return as(scalar(state, argument(node, i + 1), "debugf"), false);
  });
  const text = JSON.stringify(format).replace(/[\u0080-\uffff]/g, "?");
  emit(state, node, `bpf.Printk(${[text, ...values].join(", ")})`);
  return nothing;
};

const time: Call = (state, node) => {
  const format =
    node.arguments.length === 0 ? "%H:%M:%S\n" : literalText(state, argument(node, 0), "time's format");
  if (format !== undefined) send(state, node, { kind: "time", format });
  return nothing;
};

/** joinWords and joinBytes: so many words of an argument list are told, so long each. bpftrace takes 16 of 1024. */
const joinWords = 16;
const joinBytes = 256;

const join: Call = (state, node) => {
  const separator =
    node.arguments.length > 1 ? literalText(state, argument(node, 1), "join's separator") : " ";
  const address = scalar(state, argument(node, 0), "join");
  if (separator === undefined || address.type.kind === "bad") return nothing;
  const read = (address.space ?? spaceOf(state)) === "user" ? "User" : "Kernel";
  const shapes: Shape[] = Array.from({ length: joinWords }, () => ({ kind: "text", size: joinBytes }));
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

const exit: Call = (state, node) => {
  const code = node.arguments[0];
  // Its record may find no room: the variable stands for it then.
  state.exits = true;
  state.out.push("leaving = 1");
  if (code === undefined) send(state, node, { kind: "exit", fields: [] });
  else {
    const shape: Shape = { kind: "int", signed: true };
    const value = scalar(state, code, "exit's code");
    send(state, node, { kind: "exit", fields: [shape] }, [{ value, at: code }], [shape]);
  }
  state.out.push(...state.leave);
  return nothing;
};

/** printCalls tell something to whoever runs the script. */
export const printCalls: Readonly<Record<string, CallRow>> = {
  printf: row(1, 129, 'printf("%d\\n", pid)', printing("printf")),
  errorf: row(1, 129, 'errorf("%d\\n", pid)', printing("errorf")),
  warnf: row(1, 129, 'warnf("%d\\n", pid)', printing("warnf")),
  cat: row(1, 129, 'cat("/proc/%d/status", pid)', printing("cat")),
  system: row(1, 129, 'system("ps -p %d", pid)', printing("system")),
  debugf: row(1, 129, 'debugf("%d", pid)', debugf),
  print: row(1, 3, "print(@x, 10)", print),
  time: row(0, 1, 'time("%H:%M:%S\\n")', time),
  join: row(1, 2, "join(args.argv)", join),
  exit: row(0, 1, "exit()", exit),
};
