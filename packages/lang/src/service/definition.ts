import { type Analysis, type FileRange, fileRange, offsetOf, type Spot } from "./analysis.js";
import { pointee, typeDeclared } from "./hover.js";
import { isIdentifier, isKind, pathAt } from "./nodes.js";

/** definitionAt finds where the name at a place is declared; names of the kernel and of the compiler are nowhere. */
export function definitionAt(analysis: Analysis, spot: Spot): FileRange | undefined {
  const { checked, trees, files } = analysis;
  const path = pathAt(trees, offsetOf(analysis, spot));
  const node = path.at(-1);
  const parent = path.at(-2);
  if (isKind(parent, "selector") && parent.name === node) {
    const call = path.at(-3);
    const called = isKind(call, "call") ? checked.calls.get(call.id) : undefined;
    if (called?.kind === "function") return fileRange(files, called.symbol.declared);
    const holder = checked.types.get(parent.object.id);
    const struct = holder === undefined ? undefined : pointee(holder);
    const decl = struct?.kind === "named" ? typeDeclared(trees, struct.name) : undefined;
    if (decl?.type.kind !== "struct-type") return undefined;
    const field = decl.type.fields
      .flatMap((each) => each.names)
      .find((each) => each.name === parent.name.name);
    return field === undefined ? undefined : fileRange(files, field);
  }
  if (isKind(node, "name")) {
    const symbol = checked.symbols.get(node.id);
    const at = symbol?.declared ?? typeDeclared(trees, node.name)?.name;
    return at === undefined || at.end === 0 ? undefined : fileRange(files, at);
  }
  return isIdentifier(node) ? fileRange(files, node) : undefined;
}
