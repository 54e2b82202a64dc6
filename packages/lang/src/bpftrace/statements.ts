import { aggregate, isAggregation } from "./aggregate.js";
import { send } from "./events.js";
import { assignMap, entryOf, keyOf, noteValue, readMap, storable, writeInto } from "./maps.js";
import { emit, fresh, goType, type State, type shapeOf, typeTitle, type Value, wider } from "./state.js";
import type { AssignStatement, Node, Statement, VariableNode } from "./tree.js";
import { as, condition, operation, scalar } from "./values.js";

const unrollLimit = 100n;

/** statements compiles a block's statements. */
export function statements(state: State, body: readonly Statement[]): void {
  for (const each of body) {
    // Each in a block of its own: what it needs on the stack ends with it.
    state.out.push("{");
    statement(state, each);
    state.out.push("}");
  }
}

function block(state: State, head: string, at: Node | Statement, body: () => void): void {
  emit(state, at, `${head} {`);
  body();
  state.out.push("}");
}

function statement(state: State, node: Statement): void {
  switch (node.kind) {
    case "expression": {
      state.effectOnly =
        node.value.kind === "step" || (node.value.kind === "call" && node.value.name === "delete");
      const value = state.evaluate(state, node.value);
      state.effectOnly = false;
      const isEffect =
        node.value.kind === "step" || node.value.kind === "call" || node.value.kind === "ternary";
      if (!isEffect && value.type.kind !== "bad")
        state.report.error(
          "misplaced",
          node,
          "this value is not used",
          "assign it, print it, or leave it out",
        );
      return;
    }
    case "assign":
      assign(state, node);
      return;
    case "if": {
      const test = condition(state, node.condition);
      block(state, `if ${test}`, node, () => statements(state, node.then));
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
          `unroll takes a number from 1 to ${unrollLimit}`,
          "while and for loop without copies",
        );
        return;
      }
      for (let i = 0n; i < count; i++) block(state, "", node, () => statements(state, node.body));
      return;
    }
    case "while":
      loop(state, node.body, node, () => {
        const test = condition(state, node.condition);
        emit(state, node.condition, `if !(${test}) { return true }`);
      });
      return;
    case "for": {
      const from = scalar(state, node.from, "a loop's bound");
      const to = scalar(state, node.to, "a loop's bound");
      note(state, node.variable, { kind: "int", signed: true });
      const [i, end] = [fresh(state, "i"), fresh(state, "n")];
      state.out.push(`${i} := ${as(from, true)} + int64(unknown)`, `${end} := ${as(to, true)}`);
      loop(state, node.body, node, () => {
        state.out.push(`if ${i} >= ${end} { return true }`, `v_${node.variable.name} = ${i}`, `${i} += 1`);
      });
      return;
    }
    case "return":
      for (const line of state.leave) emit(state, node, line);
      return;
    case "break":
    case "continue":
      if (state.loops === 0) state.report.error("misplaced", node, `${node.kind} stands in no loop`);
      else emit(state, node, `return ${node.kind === "break"}`);
  }
}

/** roundLimit ends loops that would never end: they would hold a processor. */
const roundLimit = 1 << 20;

/** loop runs a body by bpf_loop (kernel 5.17), whose rounds the verifier need not follow; the head may leave it. */
function loop(state: State, body: readonly Statement[], at: Statement, head: () => void): void {
  const outer = state.leave;
  const [left, rounds] = [fresh(state, "q"), fresh(state, "r")];
  state.out.push(`var ${left} bool`);
  // A counter that the verifier knows to be 0 makes it walk through every round; one that comes from memory does not.
  for (const [name, type] of state.unit.variables)
    if (type.kind === "int") state.out.push(`v_${name} += ${type.signed ? "int64" : "uint64"}(unknown)`);
  emit(state, at, `${rounds} := bpf.Loop(${roundLimit}, func(_ uint32) bool {`);
  state.loops++;
  // Inside the loop's body, a function of its own, leaving the program takes two steps.
  state.leave = [`${left} = true`, "return true"];
  head();
  statements(state, body);
  state.out.push("return false", "})");
  state.leave = outer;
  state.loops--;
  state.out.push(`if ${left} {`, ...outer, "}", `if ${rounds} >= ${roundLimit} {`);
  send(state, at, { kind: "endless", at: { start: at.start, end: at.end }, rounds: roundLimit });
  state.out.push("}");
}

/** note gives a variable its type. */
function note(
  state: State,
  target: VariableNode,
  type: ReturnType<typeof shapeOf> | (Value["type"] & { kind: "pointer" }),
): boolean {
  if (type === undefined) return false;
  const known = state.unit.variables.get(target.name);
  if (known === undefined) {
    const width = state.widths.get(target.name) ?? 0;
    state.unit.variables.set(
      target.name,
      type.kind === "text" && width > type.size ? { kind: "text", size: width } : type,
    );
    return true;
  }
  const isPointer = known.kind === "pointer" || type.kind === "pointer";
  const joined = isPointer ? undefined : wider(known, type);
  const same = known.kind === "pointer" && type.kind === "pointer" && known.target.name === type.target.name;
  if (joined === undefined && !same) {
    state.report.error(
      "wrong-type",
      target,
      `$${target.name} holds ${typeTitle(known)} before, this is ${typeTitle(type)}`,
      "take another variable",
    );
    return false;
  }
  if (joined?.kind === "text" && known.kind === "text" && joined.size > known.size) {
    state.unit.variables.set(target.name, joined);
    state.changed = true;
  }
  return true;
}

function assign(state: State, node: AssignStatement): void {
  const { target, value: given } = node;
  if (given.kind === "call" && isAggregation(given.name)) {
    if (target.kind === "map" && node.operator === "=") aggregate(state, target, given);
    else
      state.report.error(
        "misplaced",
        given,
        `${given.name}() is only known as a map's value`,
        `@x = ${given.name}(…);`,
      );
    return;
  }
  if (node.operator !== "=") {
    operate(state, node);
    return;
  }
  const value = state.evaluate(state, given);
  if (value.type.kind === "bad") return;
  if (target.kind === "map") {
    assignMap(state, target, value, given);
    return;
  }
  if (value.type.kind === "pointer") {
    if (value.type.target.name === "") {
      state.report.error(
        "unsupported",
        given,
        "a pointer to a struct without a name cannot be kept",
        "keep one of its fields",
      );
      return;
    }
    if (note(state, target, value.type))
      emit(state, node, `v_${target.name} = (${goType(value.type)})(bpf.Addr(${value.code}))`);
    return;
  }
  const shape = storable(state, value, given, "kept in a variable");
  if (shape === undefined || !note(state, target, shape)) return;
  const kept = state.unit.variables.get(target.name) ?? shape;
  if (kept.kind === "pointer") return;
  if (kept.kind === "text") state.out.push(`bpf.Zero(&v_${target.name})`);
  writeInto(state, value, `v_${target.name}`, kept);
}

/** operate is `x += y` and its kin; a map's sum is added in one step, for processors share it. */
function operate(state: State, node: AssignStatement): void {
  const { target } = node;
  const operator = node.operator.slice(0, -1);
  const value = scalar(state, node.value, node.operator);
  if (value.type.kind === "bad") return;
  if (target.kind === "variable") {
    const current = state.evaluate(state, target);
    const result = operation(state, node, operator, current, value);
    const type = state.unit.variables.get(target.name);
    if (type?.kind === "int" && result.type.kind === "int")
      emit(state, node, `v_${target.name} = ${as(result, type.signed)}`);
    return;
  }
  if (operator === "+" || operator === "-") {
    const { entry, key } = keyOf(state, target);
    if (!noteValue(state, entry, { kind: "int", signed: true }, target) || entry.value?.kind !== "int")
      return;
    const { signed } = entry.value;
    const amount = fresh(state, "a");
    state.out.push(`${amount} := ${as(value, signed)}`);
    emit(state, node, `${entry.go}.Add(${key}, ${operator === "-" ? `0 - ${amount}` : amount})`);
    return;
  }
  entryOf(state, target.name, target);
  const result = operation(state, node, operator, readMap(state, target), value);
  if (result.type.kind === "int") assignMap(state, target, result, node);
}
