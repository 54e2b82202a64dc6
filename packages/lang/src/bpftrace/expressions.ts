import { builtin } from "./builtins.js";
import { call } from "./calls.js";
import { fieldOf, indexOf } from "./fields.js";
import { mapStep, readMap } from "./maps.js";
import { integerTypes } from "./parser.js";
import { isPlaced } from "./script.js";
import { bad, captured, emit, fresh, type State, typeTitle, type Value } from "./state.js";
import { textLiteral } from "./text.js";
import type { BinaryNode, CastNode, Node, TernaryNode, UnaryNode } from "./tree.js";
import {
  as,
  compareTexts,
  condition,
  fromCondition,
  integer,
  isText,
  literal,
  logical,
  operation,
  scalar,
  sizeOfText,
  stored,
} from "./values.js";

/** evaluate compiles an expression; its statements go to the state, its value is Go code. */
export function evaluate(state: State, node: Node): Value {
  switch (node.kind) {
    case "number":
      return literal(node.value);
    case "text":
      return textLiteral(state, node.value);
    case "word":
      return builtin(state, node);
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
      return ternary(state, node);
    case "field":
      return fieldOf(state, node);
    case "index":
      return indexOf(state, node);
    case "cast":
      return cast(state, node);
    case "call":
      return call(state, node);
  }
}

function positional(state: State, index: number): Value {
  const { parameters } = state.limits;
  if (index === 0) return literal(BigInt(parameters.length));
  const text = parameters[index - 1] ?? "0";
  return /^-?(?:\d+|0x[0-9a-fA-F]+)$/.test(text)
    ? { ...literal(text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text)) }
    : textLiteral(state, parameters[index - 1] ?? "");
}

function readVariable(state: State, node: Node & { kind: "variable" }): Value {
  const type = state.unit.variables.get(node.name);
  if (type === undefined) {
    state.report.error(
      "undefined",
      node,
      `$${node.name} is read before it is assigned`,
      `assign it first: $${node.name} = 0;`,
    );
    return bad;
  }
  const code = `v_${node.name}`;
  if (type.kind !== "pointer" && isPlaced(type)) return stored(state, type, code);
  return { type, code };
}

function variableStep(
  state: State,
  node: Node & { kind: "step" },
  target: Node & { kind: "variable" },
): Value {
  const value = readVariable(state, target);
  if (value.type.kind !== "int") {
    if (value.type.kind !== "bad")
      state.report.error(
        "bad-operation",
        node,
        `${node.operator} needs an integer, $${target.name} is ${typeTitle(value.type)}`,
      );
    return bad;
  }
  const held = fresh(state, "t");
  const step = `${value.code} ${node.operator === "++" ? "+=" : "-="} 1`;
  const lines = [`${held} := ${value.code}`, `_ = ${held}`];
  for (const line of node.before ? [step, ...lines] : [...lines, step]) emit(state, node, line);
  return { type: value.type, code: held };
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
  const value = scalar(state, node.operand, node.operator);
  if (value.type.kind !== "int") return value;
  if (node.operator === "-") {
    return typeof value.constant === "bigint" && value.constant <= 1n << 63n
      ? integer(`int64(-${value.constant})`, true, -value.constant)
      : integer(`(-${as(value, true)})`, true);
  }
  return integer(`(^${value.code})`, value.type.signed);
}

function binary(state: State, node: BinaryNode): Value {
  const { operator } = node;
  if (operator === "&&" || operator === "||") return fromCondition(logical(state, node));
  const left = evaluate(state, node.left);
  const right = evaluate(state, node.right);
  if (left.type.kind === "bad" || right.type.kind === "bad") return bad;
  if (isText(left) || isText(right)) {
    if (!(isText(left) && isText(right)) || (operator !== "==" && operator !== "!=")) {
      state.report.error(
        "bad-operation",
        node,
        `${operator} has ${typeTitle(left.type)} on the left and ${typeTitle(right.type)} on the right`,
        "texts are compared with == and !=; numbers in addresses are made texts by str()",
      );
      return bad;
    }
    const equal = compareTexts(state, node, left, right);
    return fromCondition(operator === "==" ? `(${equal})` : `!(${equal})`);
  }
  return operation(state, node, operator, left, right);
}

function ternary(state: State, node: TernaryNode): Value {
  const test = condition(state, node.condition);
  const then = captured(state, () => evaluate(state, node.then));
  const otherwise = captured(state, () => evaluate(state, node.otherwise));
  const [a, b] = [then.result, otherwise.result];
  if (a.type.kind === "bad" || b.type.kind === "bad") return bad;
  const held = fresh(state, "t");
  if (a.type.kind === "int" && b.type.kind === "int") {
    const signed = a.type.signed && b.type.signed;
    state.out.push(
      `var ${held} ${signed ? "int64" : "uint64"}`,
      `if ${test} {`,
      ...then.lines,
      `${held} = ${as(a, signed)}`,
      "} else {",
      ...otherwise.lines,
      `${held} = ${as(b, signed)}`,
      "}",
    );
    return integer(held, signed);
  }
  if (isText(a) && isText(b)) {
    const size = Math.max(sizeOfText(a), sizeOfText(b));
    const write = (value: Value): string[] => captured(state, () => value.into?.(held, size)).lines;
    state.out.push(
      `var ${held} [${size}]byte`,
      `if ${test} {`,
      ...then.lines,
      ...write(a),
      "} else {",
      ...otherwise.lines,
      ...write(b),
      "}",
    );
    return stored(state, { kind: "text", size }, held);
  }
  const isVoid = a.type.kind === "void" && b.type.kind === "void";
  if (isVoid) {
    state.out.push(`if ${test} {`, ...then.lines, "} else {", ...otherwise.lines, "}");
    return { type: { kind: "void" }, code: "" };
  }
  state.report.error(
    "wrong-type",
    node,
    `the two values of ? are ${typeTitle(a.type)} and ${typeTitle(b.type)}`,
    "both must be of one kind",
  );
  return bad;
}

function cast(state: State, node: CastNode): Value {
  const value = scalar(state, node.operand, "a cast");
  if (value.type.kind === "bad") return bad;
  const basic = integerTypes[node.type];
  if (basic !== undefined && node.pointers === 0) {
    const name = `${basic.signed ? "" : "u"}int${basic.bits}`;
    const wide = basic.signed ? "int64" : "uint64";
    if (basic.bits === 64) return integer(as(value, basic.signed), basic.signed);
    return integer(`${wide}(${name}(${value.code}))`, basic.signed);
  }
  if (basic !== undefined && node.pointers === 1) {
    return {
      type: {
        kind: "array",
        target: { kind: "array", element: { kind: "int", name: node.type, ...basic }, length: 0 },
      },
      code: as(value, false),
      ...(value.space === undefined ? {} : { space: value.space }),
    };
  }
  if (node.pointers === 0) {
    state.report.error(
      "unsupported",
      node,
      `a value cannot be cast to struct ${node.type}`,
      `cast to a pointer: (struct ${node.type} *)`,
    );
    return bad;
  }
  const found = state.kernel.named(node.type);
  if (found?.kind !== "struct" || node.pointers !== 1) {
    state.report.error(
      "no-kernel-type",
      node,
      node.pointers === 1 ? `the kernel has no struct ${node.type}` : "pointers to pointers are not taken",
      "the kernel's BTF lists its types: bpftool btf dump file /sys/kernel/btf/vmlinux",
    );
    return bad;
  }
  return { type: { kind: "pointer", target: found }, code: `(*vmlinux.${node.type})(${as(value, false)})` };
}
