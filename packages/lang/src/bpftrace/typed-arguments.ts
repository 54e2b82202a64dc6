import type { Range } from "../source/file.js";
import { type Type, under } from "../types/type.js";
import { layOutC } from "./c-layout.js";
import { loadFrom } from "./memory.js";
import { bad, fresh, type State, type Value } from "./state.js";
import type { TypeNode } from "./tree.js";
import { fromCondition, integer } from "./values.js";

/** TypedArgument is an argument of a probe that has a name and a type. */
export interface TypedArgument {
  readonly name: string;
  readonly type: Type;
  /** read compiles its value. */
  readonly read: (state: State, at: Range) => Value;
}

/** Registers hold the first six arguments of a C function on x86-64, eight on arm64: those both have. */
const inRegisters = 6;

/** fromWord turns a word of the program into a value of a type of C. */
function fromWord(state: State, at: Range, code: string, type: Type, space: "kernel" | "user"): Value {
  const of = under(type);
  switch (of.kind) {
    case "int": {
      const name = `${of.signed ? "" : "u"}int${of.bits}`;
      const wide = of.signed ? "int64" : "uint64";
      return {
        ...integer(of.bits === 64 ? `${wide}(${code})` : `${wide}(${name}(${code}))`, of.signed),
        type: { kind: "int", signed: of.signed, bits: of.bits },
        space,
      };
    }
    case "bool":
      return fromCondition(`(${code} & 255 != 0)`);
    case "pointer":
      return { type: { kind: "pointer", target: of.target, space }, code, space };
    default:
      state.report.error("unsupported", at, "an argument of this type is not in one register");
      return bad;
  }
}

/** tracepointNames: BTF has the arguments of a tracepoint's stub with their names; the first is the program's own. */
function tracepointSignature(state: State, name: string): readonly TypedArgument[] | undefined {
  for (const prefix of ["__probestub_", "__traceiter_", "__bpf_trace_"]) {
    const found = state.kernel.signature(`${prefix}${name}`);
    if (found === undefined || found.parameters.length === 0) continue;
    return found.parameters.slice(1).map((each, index) => ({
      ...each,
      read: (of: State, at: Range) => fromWord(of, at, `ctx.Arg(${index})`, each.type, "kernel"),
    }));
  }
  return undefined;
}

function signatureOf(state: State, name: string): readonly TypedArgument[] | undefined {
  return state.kernel.signature(name)?.parameters.map((each, index) => ({
    ...each,
    read: (of: State, at: Range) =>
      loadFrom(of, at, { kind: "typed", code: `ctx.Arg(${index})`, space: "kernel" }, each.type),
  }));
}

/** typeNode reads a type as debug information writes it: `const char*`, `struct Foo**`. */
function typeNode(text: string, at: Range): TypeNode {
  const plain = text.replace(/\b(?:const|volatile|restrict)\b/g, " ");
  const pointers = plain.replace(/[^*]/g, "").length;
  const name = plain.replaceAll("*", " ").replace(/\[.*/, "").trim().replace(/\s+/g, " ");
  return { name, pointers, lengths: [], start: at.start, end: at.end };
}

function userSignature(state: State, at: Range): readonly TypedArgument[] | undefined {
  return state.unit.userArguments?.()?.map(({ name, type: text }, index) => {
    const type = state.types.resolve(typeNode(text, at), () => undefined) ?? uint64;
    return {
      name,
      type,
      read(of: State, where: Range) {
        if (index < inRegisters) return fromWord(of, where, `ctx.Arg(${index})`, type, "user");
        of.report.error(
          "unsupported",
          where,
          `${name} is not passed in a register`,
          "read it from the stack",
        );
        return bad;
      },
    };
  });
}

const uint64: Type = { kind: "int", name: "uint64", bits: 64, signed: false };

/** iteratorStart ends an iterator's program where the walk has ended: it is run once more then, without an object. */
export function iteratorStart(state: State): void {
  const { place } = state.unit;
  const first =
    place.kind === "iter" ? state.kernel.signature(`bpf_iter_${place.name}`)?.parameters[1] : undefined;
  if (first !== undefined && under(first.type).kind === "pointer")
    state.out.push("if ctx.Arg(1) == nil { return 0 }");
}

/** iteratorField: what an iterator is at is nil at the end of its walk; it is read by its address, where nothing gives 0. */
function iteratorField(state: State, at: Range, index: number, { type, read }: TypedArgument): Value {
  if (under(type).kind !== "pointer") return read(state, at);
  const { typed: _, ...value } = read(state, at);
  const [object, address] = [fresh(state, "p"), fresh(state, "t")];
  state.out.push(
    `${object} := ctx.Arg(${index})`,
    `var ${address} uint64`,
    `if ${object} != nil { ${address} = bpf.Addr(${object}) }`,
  );
  return { ...value, code: address };
}

/** typedArguments gives the named arguments of a probe; undefined where nobody knows them. */
export function typedArguments(state: State, at: Range): readonly TypedArgument[] | undefined {
  const { place } = state.unit;
  switch (place.kind) {
    case "rawtracepoint":
      return tracepointSignature(state, place.name);
    case "fentry":
    case "fexit":
      return signatureOf(state, place.name);
    case "iter":
      return signatureOf(state, `bpf_iter_${place.name}`)?.map((each, index) => ({
        ...each,
        read: (of: State, where: Range) => iteratorField(of, where, index, each),
      }));
    case "uprobe":
      return userSignature(state, at);
    default:
      return undefined;
  }
}

/** exitValue is the result of the function that a fexit probe is at: it stands behind the arguments. */
export function exitValue(state: State, at: Range): Value {
  const { place } = state.unit;
  const found = place.kind === "fexit" ? state.kernel.signature(place.name) : undefined;
  if (found === undefined || found.result.kind === "void") {
    state.report.error("wrong-context", at, "the function has no result");
    return bad;
  }
  const code = `ctx.Arg(${found.parameters.length})`;
  return loadFrom(state, at, { kind: "typed", code, space: "kernel" }, found.result);
}

/** argumentRecord is all arguments of a probe as one struct, as print(args) shows it. */
export function argumentRecord(state: State, at: Range): Value | undefined {
  const known = typedArguments(state, at);
  if (known === undefined || known.length === 0) return undefined;
  const members = known.map(({ name, type }) => ({ name, type, bits: undefined }));
  const target = layOutC("struct", "args", members, false);
  const held = fresh(state, "a");
  const sized = target.fields.map((field, index) => {
    const of = under(field.type);
    const bits = of.kind === "int" ? of.bits : of.kind === "bool" ? 8 : 64;
    return { go: `F${index} uint${bits}`, bits };
  });
  const body = sized.map(({ go }) => go).join("; ");
  const declared = state.tuples.get(body) ?? `A${state.tuples.size}`;
  if (!state.tuples.has(body)) {
    state.tuples.set(body, declared);
    state.declarations.push(`type ${declared} struct { ${body} }`);
  }
  state.out.push(`var ${held} ${declared}`);
  for (const [index, each] of known.entries()) {
    const value = each.read(state, at);
    state.out.push(`${held}.F${index} = uint${sized[index]?.bits ?? 64}(${value.code})`);
  }
  const code = `bpf.Addr(&${held})`;
  return {
    type: { kind: "record", target },
    code: "",
    memory: { kind: "address", code, offset: 0, space: "kernel" },
    into: (to) => state.out.push(`bpf.ReadKernelN(&${to}, ${target.size}, ${code})`),
  };
}
