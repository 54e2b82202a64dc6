import type { Expr, RangeStmt } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import type { VariableSymbol } from "../types/symbols.js";
import { under } from "../types/type.js";
import type { Low } from "./state.js";
import { livesInMemory } from "./variables.js";

/** rootOf finds the variable that a field or an element is part of; behind a pointer it is any memory: undefined. */
function rootOf(low: Low, expr: Expr): VariableSymbol | undefined {
  const { symbols, types } = low.shared.checked;
  let at = bare(expr);
  while (at.kind === "selector" || at.kind === "index") {
    const type = types.get(at.object.id);
    if (type === undefined || under(type).kind === "pointer") return undefined;
    at = bare(at.object);
  }
  const symbol = at.kind === "name" ? symbols.get(at.id) : undefined;
  return symbol?.kind === "variable" ? symbol : undefined;
}

/** isAlone tells whether nothing but its name leads to a variable. */
const isAlone = (symbol: VariableSymbol | undefined): boolean =>
  symbol !== undefined && !symbol.addressTaken && !symbol.captured;

/** nodes walks everything within a part of the tree. */
function* nodes(part: unknown): Generator<{ readonly kind: string }> {
  if (typeof part !== "object" || part === null) return;
  if ("kind" in part && typeof part.kind === "string") yield { ...part, kind: part.kind };
  for (const inner of Object.values(part)) yield* nodes(inner);
}

const isExpr = (part: unknown): part is Expr => typeof part === "object" && part !== null && "kind" in part;

/** written are the left sides within a node. */
function written(node: { readonly kind: string }): readonly Expr[] {
  if (node.kind === "increment" && "target" in node && isExpr(node.target)) return [node.target];
  if (node.kind === "assign" && "left" in node && Array.isArray(node.left)) return node.left.filter(isExpr);
  return [];
}

/**
 * changesSubject tells whether a loop's body may write the array it ranges over. Go ranges over a copy; one is only made
 * when it makes a difference.
 */
export function changesSubject(low: Low, stmt: RangeStmt): boolean {
  const subject = rootOf(low, stmt.subject);
  for (const node of nodes(stmt.body)) {
    if (node.kind === "call" && !isAlone(subject)) return true;
    for (const left of written(node)) {
      const root = rootOf(low, left);
      if (root === subject && root !== undefined) return true;
      const inRegister = root !== undefined && !livesInMemory(root);
      if (!isAlone(subject) && !isAlone(root) && !inRegister) return true;
    }
  }
  return false;
}
