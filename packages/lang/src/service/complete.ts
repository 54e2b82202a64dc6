import type { CompileOptions, SourceText } from "../compile.js";
import { keywords } from "../lex/token.js";
import { mapMethods } from "../types/map-methods.js";
import { programKinds } from "../types/program-kinds.js";
import { registerMethods } from "../types/registers.js";
import { type Type, typeName, under } from "../types/type.js";
import { type Analysis, analyse, offsetOf, type Spot } from "./analysis.js";
import { pointee } from "./hover.js";
import { type AnyNode, isKind, pathAt } from "./nodes.js";
import { bpfMembers, helperMembers } from "./packages.js";
import { namesAt } from "./scope.js";

/** CompletionKind is what a completion stands for; editors show a sign for each. */
export type CompletionKind =
  | "field"
  | "method"
  | "function"
  | "variable"
  | "map"
  | "type"
  | "constant"
  | "package"
  | "keyword"
  | "attribute"
  | "event";

/** Completion is one proposal for the word at a place. */
export interface Completion {
  readonly label: string;
  readonly kind: CompletionKind;
  readonly detail: string;
}

/** MachineNames are the names of this machine that completion knows; spec first: they are handed in. */
export interface MachineNames {
  /** tracepoints are GROUP:NAME. */
  tracepoints(): readonly string[];
  /** kernelTypes gives names of structs, unions, enums and typedefs that begin so, a few hundred at most. */
  kernelTypes(prefix: string): readonly string[];
}

// Names that a cursor behind a dot stands for: no program has it.
const placeholder = "go3s_cursor";

/** completionsAt proposes what may stand at a place of a program that is being written. */
export function completionsAt(
  sources: readonly SourceText[],
  options: CompileOptions,
  names: MachineNames,
  spot: Spot,
): Completion[] {
  const source = sources.find((each) => each.name === spot.file);
  if (source === undefined) return [];
  const before = source.text.slice(0, spot.offset);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const attribute = attributes(line, names);
  if (attribute !== undefined) return attribute;
  if (/^\s*\/\//.test(line)) return [];
  const word = /[A-Za-z_]\w*$/.exec(line)?.[0] ?? "";
  // A dot with nothing behind it would take the next line for its name.
  const text = word === "" ? before + placeholder + source.text.slice(spot.offset) : source.text;
  const analysis = analyse(
    sources.map((each) => (each === source ? { name: each.name, text } : each)),
    options,
  );
  const at = offsetOf(analysis, { file: spot.file, offset: spot.offset + (word === "" ? 1 : 0) });
  const path = pathAt(analysis.trees, at);
  const selector = path.findLast((each) => isKind(each, "selector"));
  if (isKind(selector, "selector") && selector.name.start <= at && at <= selector.name.end)
    return members(analysis, selector.object, names, word);
  if (/\.\s*\w*$/.test(line)) return [];
  return [
    ...namesAt(analysis, at).map(({ name, kind, detail }): Completion => ({ label: name, kind, detail })),
    ...[...keywords].map((label): Completion => ({ label, kind: "keyword", detail: "" })),
    ...[
      "uint8",
      "uint16",
      "uint32",
      "uint64",
      "int8",
      "int16",
      "int32",
      "int64",
      "bool",
      "byte",
      "uintptr",
    ].map((label): Completion => ({ label, kind: "type", detail: "" })),
  ];
}

/** attributes completes hooks in comments: kinds, groups and names of tracepoints. */
function attributes(line: string, names: MachineNames): Completion[] | undefined {
  const found = /^\s*(?:\/\/\s*)?@(\w*)(?::([\w:/]*))?$/.exec(line);
  if (found === null) return undefined;
  const [, kind = "", target] = found;
  if (target === undefined) {
    const hooks = programKinds.map(
      ({ name, context }): Completion => ({ label: name, kind: "attribute", detail: `ctx *bpf.${context}` }),
    );
    const others = ["map", "config", "license", "section", "sleepable", "Go3sMetric", "Go3sLog", "Go3sTrace"];
    return [...hooks, ...others.map((label): Completion => ({ label, kind: "attribute", detail: "" }))];
  }
  const row = programKinds.find((each) => each.name === kind || each.aliases.includes(kind));
  if (row?.name === "tracepoint") {
    const [group = "", name] = target.split(/[:/]/);
    const known = names.tracepoints().map((each) => each.split(":"));
    const labels =
      name === undefined
        ? [...new Set(known.map(([of = ""]) => of))]
        : known.flatMap(([of, each = ""]) => (of === group ? [each] : []));
    return labels
      .sort()
      .map((label): Completion => ({ label, kind: "event", detail: name === undefined ? "" : group }));
  }
  if (row?.name === "raw_tp" || row?.name === "tp_btf")
    return names
      .tracepoints()
      .map((each) => each.split(":")[1] ?? "")
      .filter((each) => !each.startsWith("sys_enter_") && !each.startsWith("sys_exit_"))
      .sort()
      .map((label): Completion => ({ label, kind: "event", detail: "" }));
  return [];
}

function members(
  { checked }: Analysis,
  object: AnyNode & { readonly name?: unknown },
  names: MachineNames,
  word: string,
): Completion[] {
  const isPackage = object.kind === "name" && checked.symbols.get(object.id)?.kind !== "variable";
  const { name } = object;
  if (isPackage && name === "bpf")
    return bpfMembers().map((each) => ({
      label: each.name,
      kind: each.kind === "context" ? "type" : each.kind,
      detail: each.detail,
    }));
  if (isPackage && name === "helpers")
    return helperMembers().map((each) => ({ label: each.name, kind: "function", detail: each.detail }));
  if (isPackage && name === "vmlinux")
    return names.kernelTypes(word).map((label) => ({ label, kind: "type", detail: "the kernel's" }));
  const map = checked.maps.find((each) => object.kind === "name" && each.name === name);
  if (map !== undefined)
    return mapMethods
      .filter((each) => each.families.includes(map.type.row.family))
      .map((each) => ({ label: each.name, kind: "method", detail: `(${each.operands.join(", ")})` }));
  const type = checked.types.get(object.id);
  return type === undefined ? [] : [...fields(pointee(type)), ...methods(pointee(type), checked.functions)];
}

function fields(type: Type): Completion[] {
  const of = under(type);
  if (of.kind === "struct")
    return of.fields.flatMap((field): Completion[] =>
      field.name === ""
        ? fields(field.type)
        : [{ label: field.name, kind: "field", detail: `${typeName(field.type)}, offset ${field.offset}` }],
    );
  if (of.kind !== "context") return [];
  const own = of.fields?.map(({ name, type: has }) => ({ name, detail: typeName(has) }));
  const rows = own ?? of.row.fields.map(({ name, size }) => ({ name, detail: `uint${size * 8}` }));
  return rows.map(({ name, detail }) => ({ label: name, kind: "field", detail }));
}

function methods(type: Type, functions: Analysis["checked"]["functions"]): Completion[] {
  const of = under(type);
  const isRegisters = of.kind === "struct" && of.kernel !== undefined && of.name === "pt_regs";
  if (isRegisters || (of.kind === "context" && of.row.access === "registers"))
    return registerMethods.map(({ name, indexed }) => ({
      label: name,
      kind: "method",
      detail: indexed ? "(n)" : "()",
    }));
  if (of.kind === "context" && (of.row.access === "words" || of.row.access === "typed"))
    return [{ label: "Arg", kind: "method", detail: "(n)" }];
  if (type.kind !== "named") return [];
  return functions
    .filter(({ declaration, type: { parameters } }) => {
      const [first] = parameters;
      return declaration.receiver !== undefined && first !== undefined && pointee(first) === type;
    })
    .map((each) => ({ label: each.name, kind: "method", detail: typeName(each.type) }));
}
