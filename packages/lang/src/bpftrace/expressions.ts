import { sizeOf } from "../types/type.js";
import { builtin, isBuiltin } from "./builtins.js";
import { call } from "./calls.js";
import { cast } from "./casts.js";
import { fieldOf, indexOf } from "./fields.js";
import { keptValue } from "./kept.js";
import { keyOf, mapStep, readMap } from "./maps.js";
import { addressCode } from "./memory.js";
import { operation } from "./operators.js";
import { isPlaced, type Shape } from "./script.js";
import { goType, shapeOf, typeTitle, wider } from "./shapes.js";
import { offsetOf, sizeOfNode } from "./sizes.js";
import { bad, captured, emit, fresh, type State, type Value } from "./state.js";
import { writeInto } from "./storing.js";
import { textLiteral } from "./text.js";
import type { BinaryNode, BlockNode, Node, UnaryNode } from "./tree.js";
import { tuple } from "./tuples.js";
import { cTypeOf } from "./types-of.js";
import {
  as,
  compareTexts,
  condition,
  fromCondition,
  integer,
  isText,
  literal,
  logical,
  scalar,
} from "./values.js";
import { note, shownName } from "./variables.js";

/** evaluate compiles an expression; its statements go to the state, its value is Go code. */
export function evaluate(state: State, node: Node): Value {
  switch (node.kind) {
    case "number":
      return literal(node.value);
    case "text":
      return textLiteral(state, node.value);
    case "word":
      return word(state, node);
    case "variable":
      return readVariable(state, node);
    case "positional":
      return positional(state, node.index);
    case "map":
      return readMap(state, node);
    case "unary":
      return unary(state, node);
    case "step":
      return node.target.kind === "map"
        ? mapStep(state, node, node.target)
        : variableStep(state, node, node.target);
    case "binary":
      return binary(state, node);
    case "ternary":
      return choice(state, node, node.condition, node.taken, node.otherwise);
    case "conditional":
      return choice(state, node, node.condition, node.taken, node.otherwise);
    case "field":
      return fieldOf(state, node);
    case "index":
      return indexOf(state, node);
    case "cast":
      return cast(state, node);
    case "call":
      return call(state, node);
    case "tuple":
    case "record":
      return tuple(state, node);
    case "block":
      return block(state, node);
    case "sizeof":
      return sizeOfNode(state, node);
    case "offsetof":
      return offsetOf(state, node);
    case "type":
      state.report.error("misplaced", node, "a type is no value", "sizeof(typeof(x)) gives its size");
      return bad;
  }
}

/** word is a value of one of the script's enums, or a builtin. */
function word(state: State, node: Node & { kind: "word" }): Value {
  const constant = state.types.constants.get(node.name);
  // The kernel's constants are written large; its enums are searched for them only.
  const enumerator =
    constant === undefined && /^[A-Z][A-Z0-9_]+$/.test(node.name)
      ? state.kernel.enumerator(node.name)
      : undefined;
  if (enumerator !== undefined && !isBuiltin(node.name)) {
    const { value } = enumerator;
    return integer(value < 1n << 63n ? `int64(${value})` : `uint64(${value})`, value < 1n << 63n, value);
  }
  if (constant === undefined)
    return builtin(state, { ...node, name: node.name.replace(/^__builtin_(?=[a-z])/, "") });
  const names = state.types.enums.get(constant.of);
  const value = literal(constant.value);
  return names === undefined || value.type.kind !== "int"
    ? value
    : { ...value, type: { ...value.type, bits: 32, names } };
}

/** block runs statements and gives the value of its last expression. */
function block(state: State, node: BlockNode): Value {
  const isMacro = node.macro !== undefined;
  if (isMacro) state.expansions.push({ start: node.start, end: node.end });
  state.statements(state, node.body);
  const value: Value =
    node.value === undefined ? { type: { kind: "void" }, code: "" } : evaluate(state, node.value);
  if (isMacro) state.expansions.pop();
  return value;
}

function positional(state: State, index: number): Value {
  const { parameters } = state.limits;
  if (index === 0) return literal(BigInt(parameters.length));
  const text = parameters[index - 1] ?? "0";
  if (/^0[0-7]+$/.test(text)) return literal(BigInt(`0o${text.slice(1)}`));
  return /^-?(?:\d+|0x[0-9a-fA-F]+)$/.test(text)
    ? { ...literal(text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text)) }
    : textLiteral(state, parameters[index - 1] ?? "");
}

function readVariable(state: State, node: Node & { kind: "variable" }): Value {
  const pair = state.pairs.get(node.name);
  if (pair !== undefined) return pair;
  const type = state.unit.variables.get(node.name);
  if (type === undefined && state.declared.has(node.name)) return literal(0n);
  if (type === undefined) {
    state.report.error(
      "undefined",
      node,
      `Undefined or undeclared variable: $${shownName(node.name)}`,
      `assign it first: $${shownName(node.name)} = 0;`,
    );
    return bad;
  }
  return keptValue(state, type, `v_${node.name}`);
}

function variableStep(
  state: State,
  node: Node & { kind: "step" },
  target: Node & { kind: "variable" },
): Value {
  const value = readVariable(state, target);
  const { type } = value;
  if (type.kind === "bad") return bad;
  if (type.kind !== "int" && type.kind !== "pointer") {
    state.report.error(
      "bad-operation",
      node,
      `The ${node.operator} operator can not be used on expressions of types '${typeTitle(type)}'`,
    );
    return bad;
  }
  // A variable that is counted may pass the width of what it began with.
  if (type.kind === "int" && (type.bits ?? 64) < 64) note(state, target.name, { ...type, bits: 64 });
  const size = type.kind === "pointer" ? Math.max(1, sizeOf(type.target)) : 1;
  const held = fresh(state, "t");
  const step = `${value.code} ${node.operator === "++" ? "+=" : "-="} ${size}`;
  const lines = [`${held} := ${value.code}`, `_ = ${held}`];
  for (const line of node.before ? [step, ...lines] : [...lines, step]) emit(state, node, line);
  return keptValue(state, type, held);
}

function unary(state: State, node: UnaryNode): Value {
  if (node.operator === "!") return fromCondition(`!(${condition(state, node.operand)})`);
  if (node.operator === "*") {
    return indexOf(state, {
      ...node,
      kind: "index",
      object: node.operand,
      index: { ...node, kind: "number", value: 0n },
    });
  }
  if (node.operator === "&") return addressOf(state, node, node.operand);
  const value = scalar(state, node.operand, node.operator);
  if (value.type.kind !== "int") return value;
  if (node.operator === "-") {
    return typeof value.constant === "bigint" && value.constant <= 1n << 63n
      ? literal(-value.constant)
      : integer(`(-${as(value, true)})`, true);
  }
  if (node.operator === "+") return value;
  if (typeof value.constant === "bigint" && value.type.free === true)
    return integer(`^uint64(${value.constant})`, false);
  return integer(`(^${value.code})`, value.type.signed);
}

/** addressOf gives the address of a variable, or of what a map holds under a key (0 when there is nothing). */
function addressOf(state: State, node: UnaryNode, operand: Node): Value {
  if (operand.kind === "variable") {
    const value = readVariable(state, operand);
    const target = cTypeOf(value.type) ?? byteType;
    const shape = shapeOf(value.type);
    if (shape === undefined) return bad;
    let place = `v_${operand.name}`;
    if (state.pairs.has(operand.name)) {
      place = fresh(state, "s");
      state.out.push(`var ${place} ${goType(state, shape)}`);
      writeInto(state, value, place, shape);
    }
    return {
      type: { kind: "pointer", target, space: "kernel", ...kept(value.type) },
      code: `bpf.Addr(&${place})`,
      space: "kernel",
    };
  }
  if (operand.kind === "map") {
    const { entry, key, isRight } = keyOf(state, operand);
    if (!isRight) return bad;
    const shape = entry.value ?? { kind: "int", signed: true };
    const [found, held] = [fresh(state, "p"), fresh(state, "t")];
    emit(state, node, `${found} := ${entry.go}.Lookup(${key})`);
    state.out.push(`var ${held} uint64`, `if ${found} != nil { ${held} = bpf.Addr(${found}) }`);
    return {
      type: { kind: "pointer", target: cTypeOf(shape) ?? byteType, space: "kernel", ...kept(shape) },
      code: held,
      space: "kernel",
    };
  }
  if (operand.kind === "field" || operand.kind === "index") {
    const value = evaluate(state, operand);
    const target = cTypeOf(value.type);
    if (value.memory !== undefined && target !== undefined)
      return {
        type: { kind: "pointer", target, space: value.space ?? "kernel" },
        code: addressCode(value.memory),
        space: value.memory.kind === "bytes" ? "kernel" : value.memory.space,
      };
  }
  state.report.error("unsupported", node, "& takes a variable or a map", "&$x, &@x[key]");
  return bad;
}

const byteType = { kind: "int", name: "uint8", bits: 8, signed: false } as const;

/** kept remembers what a pointer into the program points to, where C has no type for it. */
const kept = (type: Value["type"]): { own?: Shape } => {
  const shape = shapeOf(type);
  return shape === undefined ? {} : { own: shape };
};

function binary(state: State, node: BinaryNode): Value {
  const { operator } = node;
  if (operator === "&&" || operator === "||") return fromCondition(logical(state, node));
  const left = steady(state, evaluate(state, node.left), node.right);
  const right = evaluate(state, node.right);
  if (left.type.kind === "bad" || right.type.kind === "bad") return bad;
  const isEquality = operator === "==" || operator === "!=";
  if (isText(left) && isText(right) && isEquality) {
    const equal = compareTexts(state, node, left, right);
    return fromCondition(operator === "==" ? `(${equal})` : `!(${equal})`);
  }
  if (isEquality && isComposite(left) && isComposite(right)) return compareWhole(state, node, left, right);
  if (isText(left) || isText(right) || isComposite(left) || isComposite(right)) {
    state.report.error(
      "bad-operation",
      node,
      `Type mismatch for '${operator}': comparing ${typeTitle(left.type)} with ${typeTitle(right.type)}`,
      "texts are compared with == and !=; numbers in addresses are made texts by str()",
    );
    return bad;
  }
  return operation(state, node, operator, left, right);
}

const isComposite = ({ type }: Value): boolean =>
  type.kind === "tuple" ||
  type.kind === "array" ||
  type.kind === "record" ||
  (type.kind === "late" && isPlaced(type));

/** steady keeps a value that the other side of an operator could change. */
function steady(state: State, value: Value, other: Node): Value {
  const isPlace = /^v_\w+$/.test(value.code) && value.into === undefined;
  if (!isPlace || (other.kind !== "step" && other.kind !== "block" && other.kind !== "call")) return value;
  const shape = shapeOf(value.type);
  if (shape === undefined) return value;
  const held = fresh(state, "h");
  state.out.push(`var ${held} ${goType(state, shape)} = ${value.code}`);
  return { ...value, code: held };
}

/** compareWhole compares tuples, structs and arrays: all of their bytes. */
function compareWhole(state: State, node: BinaryNode, left: Value, right: Value): Value {
  const [a, b] = [shapeOf(left.type), shapeOf(right.type)];
  const both = a === undefined || b === undefined ? undefined : wider(a, b);
  if (both === undefined) {
    state.report.error(
      "bad-operation",
      node,
      `Type mismatch for '${node.operator}': comparing ${typeTitle(left.type)} with ${typeTitle(right.type)}`,
    );
    return bad;
  }
  const place = (value: Value): string => {
    const held = fresh(state, "s");
    state.out.push(`var ${held} ${goType(state, both)}`);
    writeInto(state, value, held, both);
    return held;
  };
  return fromCondition(`(${place(left)} ${node.operator} ${place(right)})`);
}

/** bodyOf gives the statements of a branch before its value. */
function branch(state: State, node: Node | undefined): { value: Value; lines: string[] } {
  const { result, lines } = captured(state, () =>
    node === undefined ? { type: { kind: "void" } as const, code: "" } : evaluate(state, node),
  );
  return { value: result, lines };
}

/** choice is `a ? b : c` and `if (a) { b } else { c }`: only the side that is asked for is run. */
function choice(state: State, node: Node, test: Node, taken: Node, otherwise: Node | undefined): Value {
  const asked = condition(state, test);
  const a = branch(state, taken);
  const b = branch(state, otherwise);
  if (a.value.type.kind === "bad" || b.value.type.kind === "bad") return bad;
  const [x, y] = [shapeOf(a.value.type), shapeOf(b.value.type)];
  if (x === undefined && y === undefined) {
    state.out.push(`if ${asked} {`, ...a.lines, "} else {", ...b.lines, "}");
    return { type: { kind: "void" }, code: "" };
  }
  const both = x === undefined || y === undefined ? undefined : wider(x, y);
  if (both === undefined) {
    state.report.error(
      "wrong-type",
      node,
      `Ternary operator must return the same type: have '${typeTitle(a.value.type)}' and '${typeTitle(b.value.type)}'`,
      "both must be of one kind",
    );
    return bad;
  }
  const held = fresh(state, "t");
  const write = (value: Value): string[] => captured(state, () => writeInto(state, value, held, both)).lines;
  state.out.push(
    `var ${held} ${goType(state, both)}`,
    `if ${asked} {`,
    ...a.lines,
    ...write(a.value),
    "} else {",
    ...b.lines,
    ...write(b.value),
    "}",
  );
  return keptValue(state, both, held);
}
