import { findField, type StructType, sizeOf, under } from "../types/type.js";
import { tracepointArguments } from "./arguments.js";
import { configField } from "./config-field.js";
import { enumNames } from "./enums.js";
import { keptValue } from "./kept.js";
import { fieldIn, inside, loadFrom, placed, structAt } from "./memory.js";
import { runtimeNote } from "./notes.js";
import { cTitle, goType, typeTitle } from "./shapes.js";
import { spaceOf } from "./spaces.js";
import { bad, fresh, mark, type State, type Value } from "./state.js";
import { textPlace } from "./text.js";
import type { FieldNode, IndexNode, Node } from "./tree.js";
import { type TypedArgument, typedArguments } from "./typed-arguments.js";
import { as, integer, scalar } from "./values.js";

function listed(known: readonly string[]): string {
  const shown = known.slice(0, 24).join(", ");
  return known.length > 24 ? `${shown}, …` : shown;
}

function noField(state: State, node: FieldNode, struct: StructType): Value {
  const names = struct.fields.map((field) => field.name).filter((name) => name !== "");
  state.report.error(
    "no-field",
    node.nameAt,
    `Struct/union of type '${cTitle(struct)}' does not contain a field named '${node.name}'`,
    `it has ${listed(names)}`,
  );
  return bad;
}

/** memberOf reads a member of a tuple by its number, or of a record by its name. */
function memberOf(state: State, node: FieldNode, object: Value): Value {
  if (object.type.kind !== "tuple") return bad;
  const { members } = object.type;
  const index = /^\d+$/.test(node.name)
    ? Number(node.name)
    : members.findIndex((member) => member.name === node.name);
  if (index >= 0 && index < members.length) return object.member?.(index) ?? bad;
  state.report.error(
    "no-field",
    node.nameAt,
    /^\d+$/.test(node.name)
      ? `Invalid tuple index: ${node.name}. Found ${members.length} elements in tuple.`
      : `Invalid record field: ${node.name}`,
  );
  return bad;
}

/** fieldOf reads `object.name` or `object->name`. */
export function fieldOf(state: State, node: FieldNode): Value {
  const setting = configField(state, node);
  if (setting !== undefined) return setting;
  if (node.object.kind === "word" && /^(?:args|__builtin_args)$/.test(node.object.name))
    return argumentField(state, node);
  if (node.object.kind === "word" && node.object.name === "ctx" && state.unit.place.kind === "iter")
    return argumentField(state, node);
  const object = state.evaluate(state, node.object);
  const { type } = object;
  if (type.kind === "bad") return bad;
  if (type.kind === "tuple") return memberOf(state, node, object);
  const target =
    type.kind === "pointer" ? under(type.target) : type.kind === "record" ? type.target : undefined;
  if (target?.kind !== "struct") {
    state.report.error(
      "no-field",
      node.nameAt,
      `Can not access field '${node.name}' on expression of type '${typeTitle(type)}'`,
      "say what it points to: ((struct task_struct *)p).field",
    );
    return bad;
  }
  const memory = type.kind === "pointer" ? structAt(state, object, target) : object.memory;
  if (memory === undefined || findField(target, node.name) === undefined) return noField(state, node, target);
  return fieldIn(state, node, memory, target, node.name) ?? noField(state, node, target);
}

/** elementOf reads an element behind a pointer. */
function elementOf(state: State, node: Node, pointer: Value, index: Value): Value {
  if (pointer.type.kind !== "pointer") return bad;
  const target = under(pointer.type.target);
  const size = Math.max(1, sizeOf(target));
  const isFirst = index.constant === 0n;
  const { own } = pointer.type;
  if (isFirst && own !== undefined) {
    const held = fresh(state, "t");
    state.out.push(`var ${held} ${goType(state, own)}`, `bpf.ReadKernel(&${held}, ${pointer.code})`);
    return keptValue(state, own, held);
  }
  const code = isFirst ? pointer.code : `(${pointer.code} + ${as(index, false)} * ${size})`;
  const space = pointer.space ?? spaceOf(state);
  if (target.kind === "struct") {
    const { typed: _typed, ...plain } = pointer;
    const value = loadFrom(state, node, { kind: "address", code, offset: 0, space }, target);
    return { ...value, memory: structAt(state, isFirst ? pointer : { ...plain, code }, target) };
  }
  return loadFrom(
    state,
    node,
    { kind: "address", code, offset: 0, space },
    target.kind === "void" ? byte : target,
  );
}

const byte = { kind: "int", name: "uint8", bits: 8, signed: false } as const;

/** boundedIndex makes an index that is inside an array; one outside is told, and the first element is read. */
function boundedIndex(state: State, node: Node, index: Value, length: number): string {
  const held = fresh(state, "i");
  state.out.push(`var ${held} uint64 = ${as(index, false)}`, `if ${held} >= ${length} {`, `${held} = 0`);
  runtimeNote(state, node, "Array access out of bounds. This can lead to unexpected results.");
  state.out.push("}");
  return held;
}

function arrayElement(state: State, node: IndexNode, given: Value, index: Value): Value {
  if (given.type.kind !== "array") return bad;
  const { target } = given.type;
  const size = sizeOf(target.element);
  const constant = typeof index.constant === "bigint" ? index.constant : undefined;
  if (constant !== undefined && target.length > 0 && (constant < 0n || constant >= BigInt(target.length))) {
    state.report.error(
      "out-of-range",
      node,
      `the index ${constant} is out of bounds for array of size ${target.length}`,
      `indexes are 0 to ${target.length - 1}`,
    );
    return bad;
  }
  const { memory } = given;
  if (memory === undefined) return bad;
  if (constant !== undefined) {
    if (memory.kind === "typed" && target.length > 0)
      return loadFrom(state, node, { ...memory, code: `${memory.code}[${constant}]` }, target.element);
    return loadFrom(state, node, inside(memory, Number(constant) * size), target.element);
  }
  const held = target.length > 0 ? boundedIndex(state, node, index, target.length) : as(index, false);
  if (memory.kind === "bytes") {
    const distance = `${held} * ${size}`;
    const whole = memory.index === undefined ? distance : `(${memory.index} + ${distance})`;
    return loadFrom(state, node, { ...memory, index: `(${whole})` }, target.element);
  }
  const from = memory.kind === "typed" ? inside(memory, 0) : memory;
  if (from.kind === "typed") {
    const base = `bpf.Addr(&${from.code})`;
    return loadFrom(
      state,
      node,
      { kind: "address", code: `(${base} + ${held} * ${size})`, offset: 0, space: from.space },
      target.element,
    );
  }
  if (from.kind !== "address") return bad;
  return loadFrom(state, node, { ...from, code: `(${from.code} + ${held} * ${size})` }, target.element);
}

/** character reads a byte of a text. */
function character(state: State, node: IndexNode, text: Value, index: Value): Value {
  const { place, size } = textPlace(state, text);
  const constant = typeof index.constant === "bigint" ? index.constant : undefined;
  if (constant !== undefined && (constant < 0n || constant >= BigInt(size))) {
    state.report.error(
      "out-of-range",
      node,
      `the index ${constant} is out of bounds for array of size ${size}`,
    );
    return bad;
  }
  const at = constant === undefined ? boundedIndex(state, node, index, size) : `${constant}`;
  return {
    ...integer(`int64(int8(bpf.Load8(&${place}, ${constant === undefined ? `int64(${at})` : at})))`, true),
    type: { kind: "int", signed: true, bits: 8 },
  };
}

/** indexOf reads an element of an array, behind a pointer, of a text or of a tuple. */
export function indexOf(state: State, node: IndexNode): Value {
  const object = state.evaluate(state, node.object);
  const index = scalar(state, node.index, "an index");
  const { type } = object;
  if (type.kind === "bad" || index.type.kind === "bad") return bad;
  switch (type.kind) {
    case "array":
      return arrayElement(
        state,
        node,
        object.memory === undefined ? placed(state, node, object) : object,
        index,
      );
    case "pointer":
      return elementOf(state, node, object, index);
    case "text":
      return character(state, node, object, index);
    case "tuple":
      if (typeof index.constant === "bigint")
        return memberOf(
          state,
          { ...node, kind: "field", name: `${index.constant}`, nameAt: node.index },
          object,
        );
      state.report.error(
        "not-constant",
        node.index,
        "Tuples can only be accessed with a literal integer index",
      );
      return bad;
    case "int":
      // *address: the word there, as bpftrace reads a plain integer.
      if (index.constant === 0n)
        return loadFrom(
          state,
          node,
          { kind: "address", code: as(object, false), offset: 0, space: object.space ?? spaceOf(state) },
          { kind: "int", name: "uint64", bits: 64, signed: false },
        );
      break;
    default:
  }
  state.report.error(
    "bad-operation",
    node,
    `The array index operator [] can only be used on arrays and pointers, found ${typeTitle(type)}.`,
    "cast it: ((uint32 *)p)[1]",
  );
  return bad;
}

/** typedField reads a named argument of a probe whose arguments have types. */
function typedField(state: State, node: FieldNode, known: readonly TypedArgument[]): Value {
  const found = known.find((each) => each.name === node.name);
  if (found !== undefined) return found.read(state, node.nameAt);
  const names = known.map((each) => each.name);
  state.report.error(
    "no-field",
    node.nameAt,
    `Can't find function parameter ${node.name}`,
    names.length === 0 ? "it has none" : `it has ${listed(names)}`,
  );
  return bad;
}

function argumentField(state: State, node: FieldNode): Value {
  const { place, format } = state.unit;
  if (place.kind !== "tracepoint") {
    const typed = typedArguments(state, node);
    if (typed !== undefined) return typedField(state, node, typed);
    state.report.error(
      "no-field",
      node,
      `args is not known in a ${place.kind} probe`,
      place.kind === "uprobe"
        ? "the program has no debug information (DWARF) for this function: arg0 to arg5 are its registers"
        : "tracepoint probes have args; others have arg0 to arg5",
    );
    return bad;
  }
  const known = tracepointArguments(format ?? "");
  const found = known.find((each) => each.field.name === node.name);
  if (found === undefined) {
    const names = known.map((each) => each.field.name);
    state.report.error(
      "no-field",
      node.nameAt,
      `${place.group}:${place.name} has no field ${node.name}`,
      names.length === 0 ? "it has no fields" : `it has ${listed(names)}`,
    );
    return bad;
  }
  const code = `ctx.${mark(node.nameAt)}${node.name}`;
  if (found.located) {
    const size = state.limits.textBytes;
    return {
      type: { kind: "text", size },
      code: "",
      into: (to) => {
        state.out.push(`bpf.DataLoc(&${to}, ctx, ${code})`);
      },
    };
  }
  const space = found.user ? "user" : "kernel";
  if (found.pointer !== undefined && under(found.field.type).kind === "int") {
    const { name, stars } = found.pointer;
    const at = { start: node.start, end: node.end };
    const type = state.types.resolve({ name, pointers: stars, lengths: [], ...at }, () => undefined);
    const of = type === undefined ? undefined : under(type);
    if (of?.kind === "pointer")
      return { type: { kind: "pointer", target: of.target, space }, code: `uint64(${code})`, space };
  }
  const value = loadFrom(
    state,
    node,
    { kind: "typed", code, space: found.user ? "user" : "kernel" },
    found.field.type,
  );
  const names = found.enumOf === undefined ? undefined : enumNames(state, found.enumOf);
  if (names !== undefined && value.type.kind === "int") return { ...value, type: { ...value.type, names } };
  return found.user ? { ...value, space: "user" } : value;
}
