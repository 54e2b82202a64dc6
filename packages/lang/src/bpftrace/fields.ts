import type { Range } from "../source/file.js";
import { type ArrayType, findField, type Type, under } from "../types/type.js";
import { tracepointArguments } from "./arguments.js";
import { bad, fresh, mark, type State, typeTitle, type Value } from "./state.js";
import type { FieldNode, IndexNode, Node } from "./tree.js";
import { integer, scalar } from "./values.js";

function listed(known: readonly string[]): string {
  const shown = known.slice(0, 24).join(", ");
  return known.length > 24 ? `${shown}, …` : shown;
}

/** fieldValue turns a kernel field's place (Go code) into a value of the script. */
function fieldValue(state: State, node: Node, place: string, type: Type): Value {
  const of = under(type);
  switch (of.kind) {
    case "int":
      return integer(`${of.signed ? "int64" : "uint64"}(${place})`, of.signed);
    case "bool":
      return { type: { kind: "int", signed: false }, code: `uint64(b2i(${place}))`, condition: place };
    case "pointer": {
      const target = under(of.target);
      if (target.kind === "struct")
        return { type: { kind: "pointer", target }, code: place, space: "kernel" };
      return { ...integer(`bpf.Addr(${place})`, false), space: "kernel" };
    }
    case "struct":
      return { type: { kind: "record", target: of }, code: place };
    case "array":
      return arrayValue(state, of, place);
    default:
      state.report.error("unsupported", node, "a field of this type cannot be read");
      return bad;
  }
}

/** arrayValue is an array in a place; bytes are text up to NUL. */
function arrayValue(state: State, target: ArrayType, place: string): Value {
  const element = under(target.element);
  const bytes = element.kind === "int" && element.bits === 8;
  const into = (to: string, size: number): void => {
    if (target.length === size) {
      state.out.push(`${to} = ${place}`);
      return;
    }
    const held = fresh(state, "s");
    state.out.push(
      `var ${held} [${target.length}]byte`,
      `${held} = ${place}`,
      `bpf.ReadKernelString(&${to}, bpf.Addr(&${held}))`,
    );
  };
  return { type: { kind: "array", target }, code: place, ...(bytes ? { into } : {}) };
}

/** fieldOf reads `object.name` or `object->name`. */
export function fieldOf(state: State, node: FieldNode): Value {
  if (node.object.kind === "word" && node.object.name === "args") return argumentField(state, node);
  const object = state.evaluate(state, node.object);
  const { type } = object;
  if (type.kind === "bad") return bad;
  if (type.kind !== "pointer" && type.kind !== "record") {
    state.report.error(
      "no-field",
      node.nameAt,
      `${typeTitle(type)} has no fields`,
      "say what it points to: ((struct task_struct *)p)->field",
    );
    return bad;
  }
  const path = findField(type.target, node.name);
  if (path === undefined) {
    const names = type.target.fields.map((field) => field.name).filter((name) => name !== "");
    state.report.error(
      "no-field",
      node.nameAt,
      `struct ${type.target.name} has no field ${node.name}`,
      `it has ${listed(names)}`,
    );
    return bad;
  }
  const field = path.at(-1);
  if (field === undefined || field.bits !== undefined) {
    state.report.error("unsupported", node.nameAt, `${node.name} is a bit field, which cannot be read`);
    return bad;
  }
  const value = fieldValue(state, node, `${object.code}.${mark(node.nameAt)}${node.name}`, field.type);
  // What stands in the process's memory points into it.
  return object.space === "user" ? { ...value, space: "user" } : value;
}

function argumentField(state: State, node: FieldNode): Value {
  const { place, format } = state.unit;
  if (place.kind !== "tracepoint") {
    state.report.error(
      "no-field",
      node,
      `args is not known in a ${place.kind} probe`,
      "tracepoint probes have args; others have arg0 to arg5",
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
  const target = found.struct === undefined ? undefined : state.kernel.named(found.struct);
  if (target?.kind === "struct") {
    const space = found.user ? "user" : "kernel";
    const make = found.user ? "User" : "Kernel";
    return {
      type: { kind: "pointer", target },
      code: `bpf.${make}[vmlinux.${found.struct}](uint64(${code}))`,
      space,
    };
  }
  const value = fieldValue(state, node, code, found.field.type);
  return found.user ? { ...value, space: "user" } : value;
}

/** indexOf reads an element of an array in the kernel or behind a typed pointer. */
export function indexOf(state: State, node: IndexNode): Value {
  const object = state.evaluate(state, node.object);
  const index = scalar(state, node.index, "an index");
  const { type } = object;
  if (type.kind === "bad" || index.type.kind === "bad") return bad;
  if (type.kind === "array") {
    const element = under(type.target.element);
    if (type.target.length > 0) {
      const constant = typeof index.constant === "bigint" ? index.constant : undefined;
      if (constant !== undefined && (constant < 0n || constant >= BigInt(type.target.length))) {
        state.report.error(
          "out-of-range",
          node.index,
          `the array has ${type.target.length} elements`,
          `indexes are 0 to ${type.target.length - 1}`,
        );
        return bad;
      }
      return fieldValue(state, node, `${object.code}[${constant ?? index.code}]`, type.target.element);
    }
    if (element.kind === "int")
      return readAt(state, node, object, index.code, element.name, element.bits / 8, element.signed);
  }
  if (type.kind === "int" && node.kind === "index" && index.constant === 0n) {
    // *address: the word there, as bpftrace reads a plain integer.
    return readAt(state, node, object, "0", "uint64", 8, false);
  }
  state.report.error(
    "bad-operation",
    node,
    `${typeTitle(type)} has no elements`,
    "cast it: ((uint32 *)p)[1]",
  );
  return bad;
}

function readAt(
  state: State,
  at: Range,
  object: Value,
  index: string,
  name: string,
  size: number,
  signed: boolean,
): Value {
  const held = fresh(state, "t");
  const space = object.space ?? spaceOf(state);
  state.out.push(
    `var ${held} ${name}`,
    `${mark(at)}bpf.Read${space === "user" ? "User" : "Kernel"}(&${held}, uint64(${object.code}) + uint64(${index}) * ${size})`,
  );
  return integer(`${signed ? "int64" : "uint64"}(${held})`, signed);
}

/** spaceOf is where a probe's plain addresses point: into the process where the probe is there. */
export function spaceOf(state: State): "kernel" | "user" {
  const { place } = state.unit;
  if (place.kind === "uprobe" || place.kind === "uretprobe" || place.kind === "usdt") return "user";
  return place.kind === "tracepoint" && (place.group === "syscalls" || place.group === "raw_syscalls")
    ? "user"
    : "kernel";
}
