import type { Expr, File, TypeDecl } from "../syntax/ast.js";
import { builtinRows } from "../types/builtins.js";
import { helperId } from "../types/helpers.js";
import { programKind } from "../types/program-kinds.js";
import type { AnySymbol } from "../types/symbols.js";
import { tracepointFields } from "../types/tracepoint.js";
import { typeName, under } from "../types/type.js";
import { type Analysis, type FileRange, fileRange, offsetOf, type Spot } from "./analysis.js";
import { fieldText, symbolText, typeText } from "./describe.js";
import { type AnyNode, isIdentifier, isKind, pathAt } from "./nodes.js";
import { bpfMembers } from "./packages.js";

/** Hover is what is said of a place: code of the language, and a note below it. */
export interface Hover extends FileRange {
  readonly code: string;
  readonly note?: string;
}

/** hoverAt tells what stands at a place: types with their kernel's fields and offsets, builtins, tracepoints. */
export function hoverAt(analysis: Analysis, spot: Spot): Hover | undefined {
  const offset = offsetOf(analysis, spot);
  const attribute = attributeAt(analysis, spot);
  if (attribute !== undefined) return attribute;
  const path = pathAt(analysis.trees, offset);
  const node = path.at(-1);
  if (node === undefined) return undefined;
  const parent = path.at(-2);
  const told =
    isKind(parent, "selector") && parent.name === node ? selected(analysis, parent) : named(analysis, node);
  const range = told === undefined ? undefined : fileRange(analysis.files, node);
  return told === undefined || range === undefined ? undefined : { ...range, ...told };
}

type Told = Pick<Hover, "code" | "note">;

function named({ checked }: Analysis, node: AnyNode): Told | undefined {
  const symbols: readonly AnySymbol[] = [...checked.maps, ...checked.globals, ...checked.functions];
  if (isKind(node, "name")) {
    const symbol = checked.symbols.get(node.id) ?? symbols.find((each) => each.name === node.name);
    if (symbol !== undefined) return { code: symbolText(symbol) };
    // Where types stand the checker keeps no table: the package's structs are known by name.
    const type = checked.types.get(node.id) ?? checked.structs.find((each) => typeName(each) === node.name);
    return type === undefined ? undefined : { code: typeText(type) };
  }
  if (!isIdentifier(node)) return undefined;
  const here = symbols.find((each) => each.declared.start === node.start);
  if (here !== undefined) return { code: symbolText(here) };
  for (const symbol of checked.symbols.values())
    if (symbol.declared.start === node.start && symbol.name === node.name)
      return { code: symbolText(symbol) };
  return undefined;
}

/** typeDeclared finds a type's declaration. */
export function typeDeclared(trees: readonly File[], name: string): TypeDecl | undefined {
  for (const tree of trees)
    for (const each of tree.declarations) if (each.kind === "type" && each.name.name === name) return each;
  return undefined;
}

function selected(
  { checked, kernel }: Analysis,
  expr: Extract<Expr, { kind: "selector" }>,
): Told | undefined {
  const { object, name } = expr;
  if (isKind(object, "name") && checked.symbols.get(object.id)?.kind !== "variable") {
    if (object.name === "vmlinux") {
      const type = kernel.named(name.name);
      if (type !== undefined)
        return { code: typeText(type), note: "from the kernel's BTF; fields are relocated (CO-RE)" };
    }
    if (object.name === "helpers") {
      const helper = helperId(name.name);
      if (helper !== undefined)
        return { code: `helpers.${name.name}`, note: `bpf_${helper.name}, helper ${helper.id}` };
    }
    if (object.name === "bpf") {
      const member = bpfMembers().find((each) => each.name === name.name);
      const type = checked.types.get(expr.id);
      const row = builtinRows.find((each) => each.name === name.name && each.package === "bpf");
      if (member !== undefined)
        return {
          code: `bpf.${name.name}${row === undefined && type !== undefined ? ` ${typeName(type)}` : ""}`,
          note: member.detail,
        };
    }
  }
  const selection = checked.selections.get(expr.id);
  const holder = checked.types.get(object.id);
  const type = checked.types.get(expr.id);
  if (selection?.kind === "fields") {
    const field = selection.path.at(-1);
    if (field !== undefined)
      return {
        code: fieldText(field),
        ...(holder === undefined ? {} : { note: `of ${typeName(pointee(holder))}` }),
      };
  }
  if (selection?.kind === "context-field")
    return {
      code: `${name.name} ${typeName(selection.type)} // offset ${selection.offset}`,
      note: `of bpf.${selection.row.name}`,
    };
  return type === undefined ? undefined : { code: `${name.name} ${typeName(type)}` };
}

/** pointee is what a pointer points to, anything else itself. */
export function pointee(type: Parameters<typeof typeName>[0]): Parameters<typeof typeName>[0] {
  const of = under(type);
  return of.kind === "pointer" ? of.target : type;
}

/** attributeAt tells of a hook: a tracepoint's fields, a program's section. */
function attributeAt({ files, options }: Analysis, spot: Spot): Hover | undefined {
  const text = files.find((each) => each.name === spot.file)?.text ?? "";
  const start = text.lastIndexOf("\n", spot.offset - 1) + 1;
  const end = text.indexOf("\n", spot.offset);
  const line = text.slice(start, end < 0 ? undefined : end);
  const found = /^\s*(?:\/\/\s*)?@(\w+)(?::([\w./:*]+))?/.exec(line);
  const kind = found?.[1] === undefined ? undefined : programKind(found[1]);
  if (found === null || kind === undefined) return undefined;
  const target = found[2] ?? "";
  const range = { file: spot.file, start: start + line.indexOf("@"), end: start + found[0].length };
  const note = `section ${kind.section(target)}, ctx *bpf.${kind.context}`;
  if (kind.name !== "tracepoint")
    return { ...range, code: `@${kind.name}${target === "" ? "" : `:${target}`}`, note };
  const [category = "", name = ""] = target.split(/[:/]/);
  const format = options.tracepointFormat?.(category, name);
  const fields =
    format === undefined
      ? ["\t// not on this machine"]
      : tracepointFields(format).map((each) => `\t${fieldText(each)}`);
  return { ...range, code: [`type ${name} struct {`, ...fields, "}"].join("\n"), note };
}
