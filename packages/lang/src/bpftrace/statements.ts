import { sizeOf } from "../types/type.js";
import { aggregate, isAggregation } from "./aggregate.js";
import { together } from "./alone.js";
import { forEach } from "./each.js";
import { loop } from "./loops.js";
import { assignMap, entryOf, keyOf, noteValue, readMap } from "./maps.js";
import { operation } from "./operators.js";
import { isPlaced, type Shape } from "./script.js";
import { goType, typeTitle } from "./shapes.js";
import { emit, fresh, type State, type Value } from "./state.js";
import { storable, writeInto } from "./storing.js";
import type { AssignStatement, LetStatement, MapNode, Node, Statement, VariableNode } from "./tree.js";
import { storedType } from "./types-of.js";
import { as, condition, scalar } from "./values.js";
import { declare, note, shownName } from "./variables.js";

const unrollLimit = 100n;

/** statements compiles a block's statements. */
export function statements(state: State, body: readonly Statement[]): void {
  together(state, body.length, (i) => {
    const [each, next] = [body[i], body[i + 1]];
    if (each === undefined) return;
    if (next !== undefined && leaves(each)) state.report.warning("misplaced", next, "Unreachable statement");
    // Each in a block of its own: what it needs on the stack ends with it.
    state.out.push("{");
    statement(state, each);
    state.out.push("}");
  });
}

/** leaves tells whether nothing behind a statement is run. */
function leaves(each: Statement): boolean {
  if (each.kind === "return" || each.kind === "break" || each.kind === "continue") return true;
  return each.kind === "expression" && each.value.kind === "call" && each.value.name === "exit";
}

function block(state: State, head: string, at: Node | Statement, body: () => void): void {
  emit(state, at, `${head} {`);
  body();
  state.out.push("}");
}

/** valueStatement runs an expression for what it does. */
function valueStatement(state: State, node: Node): void {
  if (node.kind === "conditional") {
    const listOf = (of: typeof node.otherwise): Statement[] =>
      of === undefined
        ? []
        : of.value === undefined
          ? [...of.body]
          : [...of.body, { kind: "expression", value: of.value, start: of.value.start, end: of.value.end }];
    statement(state, {
      kind: "if",
      condition: node.condition,
      taken: listOf(node.taken),
      otherwise: listOf(node.otherwise),
      start: node.start,
      end: node.end,
    });
    return;
  }
  state.effectOnly = node.kind === "step" || (node.kind === "call" && node.name === "delete");
  const value = state.evaluate(state, node);
  state.effectOnly = false;
  const isEffect =
    (node.kind === "block" && node.macro !== undefined) ||
    node.kind === "step" ||
    value.type.kind === "void" ||
    value.type.kind === "bad";
  if (!isEffect)
    state.report.warning(
      "misplaced",
      node,
      "Return value discarded.",
      "assign it, print it, or say that it is not wanted: _ = …",
    );
}

function statement(state: State, node: Statement): void {
  switch (node.kind) {
    case "expression":
      valueStatement(state, node.value);
      return;
    case "discard":
      state.evaluate(state, node.value);
      return;
    case "assign":
      assign(state, node);
      return;
    case "let":
      letStatement(state, node);
      return;
    case "if": {
      const test = condition(state, node.condition);
      block(state, `if ${test}`, node, () => statements(state, node.taken));
      if (node.otherwise.length === 0) return;
      const last = state.out.pop();
      state.out.push(`${last ?? "}"} else {`);
      statements(state, node.otherwise);
      state.out.push("}");
      return;
    }
    case "unroll": {
      const count = scalar(state, node.count, "unroll").constant;
      if (typeof count !== "bigint" || count < 1n || count > unrollLimit) {
        state.report.error(
          "not-constant",
          node.count,
          typeof count !== "bigint"
            ? "invalid unroll value"
            : count < 1n
              ? "unroll minimum value is 1"
              : `unroll maximum value is ${unrollLimit}`,
          "while and for loop without copies",
        );
        return;
      }
      for (let i = 0n; i < count; i++) block(state, "", node, () => statements(state, node.body));
      return;
    }
    case "while":
      loop(state, node, () => {
        const test = condition(state, node.condition);
        emit(state, node.condition, `if !(${test}) { return true }`);
        statements(state, node.body);
      });
      return;
    case "for": {
      const from = scalar(state, node.from, "a loop's bound");
      const to = scalar(state, node.to, "a loop's bound");
      note(state, node.variable.name, { kind: "int", signed: true });
      const [i, end] = [fresh(state, "i"), fresh(state, "n")];
      state.out.push(`${i} := ${as(from, true)} + int64(unknown)`, `${end} := ${as(to, true)}`);
      loop(state, node, () => {
        state.out.push(`if ${i} >= ${end} { return true }`, `v_${node.variable.name} = ${i}`, `${i} += 1`);
        statements(state, node.body);
      });
      return;
    }
    case "each":
      forEach(state, node, () => statements(state, node.body));
      return;
    case "return":
      if (node.value !== undefined && state.unit.place.kind === "test" && state.leave[0] === "return 0") {
        // What a test returns says whether it has failed.
        emit(state, node, `return int(${as(scalar(state, node.value, "return"), true)})`);
        return;
      }
      if (node.value !== undefined) state.evaluate(state, node.value);
      for (const line of state.leave) emit(state, node, line);
      return;
    case "break":
    case "continue":
      if (state.loops === 0) state.report.error("misplaced", node, `${node.kind} stands in no loop`);
      else emit(state, node, `return ${node.kind === "break"}`);
  }
}

/** mentions tells whether an expression reads a variable. */
function mentions(tree: object, name: string): boolean {
  const waiting: object[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if ("kind" in node && node.kind === "variable" && "name" in node && node.name === name) return true;
    for (const value of Object.values(node))
      if (typeof value === "object" && value !== null) waiting.push(value);
  }
  return false;
}

/** inType brings a value into the integer type that a variable was declared with. */
function inType(state: State, target: VariableNode, value: Value, given: Node): Value {
  const fixed = state.fixed.get(target.name);
  if (fixed === undefined || value.type.kind !== "int") return value;
  const { signed, bits = 64 } = fixed;
  const { constant } = value;
  if (typeof constant === "bigint") {
    const wrapped = signed ? BigInt.asIntN(bits, constant) : BigInt.asUintN(bits, constant);
    if (wrapped !== constant)
      state.report.error(
        "constant-overflow",
        given,
        `Type mismatch for $${shownName(target.name)}: the value '${constant}' does not fit into '${typeTitle(fixed)}'`,
        `cast it: (${typeTitle(fixed)})${constant}`,
      );
    return { type: fixed, code: `${signed ? "int64" : "uint64"}(${wrapped})`, constant: wrapped };
  }
  if (bits === 64) return { type: fixed, code: as(value, signed) };
  return {
    type: fixed,
    code: `${signed ? "int64" : "uint64"}(${signed ? "" : "u"}int${bits}(${value.code}))`,
  };
}

/** assignVariable writes a value into a variable; texts and the like begin empty. */
function assignVariable(state: State, target: VariableNode, assigned: Value, given: Node): void {
  const value = inType(state, target, assigned, given);
  const shape = storable(state, value, given, "kept in a variable");
  if (shape === undefined) return;
  const known = state.unit.variables.get(target.name);
  state.pairs.delete(target.name);
  const kept = note(state, target.name, shape);
  if (kept === undefined) {
    state.report.error(
      "wrong-type",
      target,
      `Type mismatch for $${shownName(target.name)}: trying to assign value of type '${typeTitle(shape)}' when variable already has a type '${known === undefined ? "?" : typeTitle(known)}'`,
      "take another variable",
    );
    return;
  }
  const place = `v_${target.name}`;
  if (value.into === undefined) {
    writeInto(state, value, place, kept);
    return;
  }
  if (mentions(given, target.name)) {
    const held = fresh(state, "s");
    state.out.push(`var ${held} ${goType(state, kept)}`);
    writeInto(state, value, held, kept);
    state.out.push(`${place} = ${held}`);
    return;
  }
  state.out.push(`bpf.Zero(&${place})`);
  writeInto(state, value, place, kept);
}

function letStatement(state: State, node: LetStatement): void {
  const { target, type, value } = node;
  const shape = type === undefined ? undefined : storedType(state, type);
  if (shape !== undefined) note(state, target.name, shape);
  if (shape?.kind === "int") state.fixed.set(target.name, shape);
  if (value !== undefined) {
    assign(state, { kind: "assign", operator: "=", target, value, start: node.start, end: node.end });
    return;
  }
  declare(state, target.name);
  const known = state.unit.variables.get(target.name);
  if (known === undefined) return;
  const isWhole =
    isPlaced(known) || known.kind === "tuple" || known.kind === "record" || known.kind === "array";
  state.out.push(isWhole ? `bpf.Zero(&v_${target.name})` : `v_${target.name} = 0`);
}

function assign(state: State, node: AssignStatement): void {
  const { target, value: given } = node;
  if (given.kind === "block" && given.value?.kind === "call" && isAggregation(given.value.name)) {
    state.statements(state, given.body);
    assign(state, { ...node, value: given.value });
    return;
  }
  if (given.kind === "call" && isAggregation(given.name)) {
    if (target.kind === "map" && node.operator === "=") aggregate(state, target, given);
    else
      state.report.error(
        "misplaced",
        given,
        `${given.name}() should be assigned to a map`,
        `@x = ${given.name}(…);`,
      );
    return;
  }
  if (node.operator !== "=") {
    operate(state, node);
    return;
  }
  const value = state.evaluate(state, given);
  if (value.type.kind === "bad") {
    // What is wrong was told; that the variable has no value is not told again.
    if (target.kind === "variable") declare(state, target.name);
    return;
  }
  if (value.type.kind === "void") {
    state.report.error("wrong-type", given, "Not a value: it gives nothing that could be assigned");
    return;
  }
  if (target.kind === "map") assignMap(state, target, value, given);
  else assignVariable(state, target, value, given);
}

/** operate is `x += y` and its kin; a map's sum is added in one step, for processors share it. */
function operate(state: State, node: AssignStatement): void {
  const { target } = node;
  const operator = node.operator.slice(0, -1);
  const value = scalar(state, node.value, node.operator);
  if (value.type.kind === "bad") return;
  if (target.kind === "variable") {
    const result = operation(state, node, operator, state.evaluate(state, target), value);
    if (result.type.kind !== "bad") assignVariable(state, target, result, node.value);
    return;
  }
  if (operator === "+" || operator === "-") addTo(state, node, target, operator, value);
  else {
    entryOf(state, target.name, target);
    const result = operation(state, node, operator, readMap(state, target), value);
    if (result.type.kind !== "bad") assignMap(state, target, result, node);
  }
}

function addTo(state: State, node: AssignStatement, target: MapNode, operator: string, value: Value): void {
  const { entry, key, isRight } = keyOf(state, target);
  const held = entry.value?.kind === "pointer" ? entry.value : undefined;
  const shape: Shape = held ?? {
    kind: "int",
    signed: true,
    free: value.type.kind === "int" && value.type.free === true,
  };
  if (!isRight || !noteValue(state, entry, shape, target)) return;
  const kept = entry.value;
  if (kept?.kind !== "int" && kept?.kind !== "pointer") return;
  const signed = kept.kind === "int" && kept.signed;
  const size = kept.kind === "pointer" ? Math.max(1, sizeOf(kept.target)) : 1;
  const amount = fresh(state, "a");
  state.out.push(`${amount} := ${as(value, signed)}${size === 1 ? "" : ` * ${size}`}`);
  emit(state, node, `${entry.go}.Add(${key}, ${operator === "-" ? `0 - ${amount}` : amount})`);
}
