import type { Expr, File, Identifier, Node } from "../syntax/ast.js";

/** AnyNode is a node whose kind is looked at. */
export type AnyNode = Node & { readonly kind?: string };

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "id" in value && "start" in value && "end" in value;
}

/** childrenOf are the nodes directly below one. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isNode(value)) found.push(value);
    // Elements of literals are pairs without an id.
    else if (typeof value === "object" && value !== null && "key" in value)
      Object.values(value).forEach(visit);
  };
  Object.values(node).forEach(visit);
  return found;
}

/** pathAt gives the nodes around an offset, outermost first; an offset right behind a name is in it. */
export function pathAt(trees: readonly File[], offset: number): AnyNode[] {
  const path: AnyNode[] = [];
  let level: AnyNode[] = [...trees];
  for (;;) {
    const next = level.findLast(
      (each) => each.start <= offset && offset <= each.end && each.end > each.start,
    );
    if (next === undefined) return path;
    path.push(next);
    level = childrenOf(next);
  }
}

/** isIdentifier tells a declared or selected name from an expression. */
export function isIdentifier(node: AnyNode | undefined): node is Identifier & AnyNode {
  return node !== undefined && node.kind === undefined && "name" in node && typeof node.name === "string";
}

/** isKind takes a node for an expression of one kind. */
export function isKind<K extends Expr["kind"]>(
  node: AnyNode | undefined,
  kind: K,
): node is Extract<Expr, { kind: K }> {
  return node?.kind === kind;
}
