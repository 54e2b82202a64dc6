import type { File } from "../syntax/ast.js";
import type { Analysis } from "./analysis.js";
import { symbolText } from "./describe.js";
import { type AnyNode, childrenOf, isIdentifier, pathAt } from "./nodes.js";

/** NameInScope is a name that may be written at a place. */
export interface NameInScope {
  readonly name: string;
  readonly kind: "variable" | "function" | "type" | "constant" | "map" | "package";
  readonly detail: string;
}

/** namesAt gives the names that are declared at an offset: the package's, and the locals of the blocks around. */
export function namesAt({ trees, checked }: Analysis, offset: number): NameInScope[] {
  const found = new Map<string, NameInScope>();
  const add = (each: NameInScope): void => void found.set(each.name, each);
  for (const name of ["bpf", "helpers", "vmlinux"]) add({ name, kind: "package", detail: "" });
  for (const map of checked.maps) add({ name: map.name, kind: "map", detail: symbolText(map) });
  for (const global of checked.globals)
    add({ name: global.name, kind: "variable", detail: symbolText(global) });
  for (const one of checked.functions) add({ name: one.name, kind: "function", detail: symbolText(one) });
  for (const tree of trees) declaredBelow(tree, add);
  for (const name of localsAt(trees, offset)) add({ name, kind: "variable", detail: "" });
  return [...found.values()].filter((each) => each.name !== "_" && each.name !== "");
}

function declaredBelow(tree: File, add: (each: NameInScope) => void): void {
  for (const each of tree.declarations) {
    if (each.kind === "type") add({ name: each.name.name, kind: "type", detail: "" });
    if (each.kind === "const")
      for (const name of each.names) add({ name: name.name, kind: "constant", detail: "" });
  }
}

/** localsAt are the names that statements before the offset declare in the blocks around it. */
function localsAt(trees: readonly File[], offset: number): Set<string> {
  const names = new Set<string>();
  for (const node of pathAt(trees, offset)) {
    if (node.kind === "func" || node.kind === "function" || node.kind === "range" || node.kind === "for")
      for (const child of childrenOf(node)) collect(child, offset, names);
    if (node.kind === "block") for (const child of childrenOf(node)) collect(child, offset, names);
  }
  return names;
}

function collect(node: AnyNode, offset: number, names: Set<string>): void {
  if (node.start >= offset || node.kind === "block") return;
  if (isIdentifier(node)) names.add(node.name);
  if (node.kind === "assign" && "operator" in node && node.operator === ":=" && "left" in node) {
    for (const left of childrenOf(node))
      if (left.kind === "name" && "name" in left) names.add(String(left.name));
    return;
  }
  const declares = node.kind === "declaration" || node.kind === "var" || node.kind === "const";
  const isSignature = node.kind === undefined && !isIdentifier(node);
  if (declares || isSignature) declaredIn(node, names);
}

/** declaredIn takes the names that a declaration or signature gives; those of selectors are other things' names. */
function declaredIn(node: AnyNode, names: Set<string>): void {
  if (isIdentifier(node)) names.add(node.name);
  if (node.kind !== "selector") for (const child of childrenOf(node)) declaredIn(child, names);
}
