import type { StructLayout } from "@go3s/binary";

/** Structs gives the layouts of structs by their names, as readStructs does. */
export type Structs = (names: readonly string[]) => ReadonlyMap<string, StructLayout>;

// Deeper than any path of ours.
const deepest = 4;

/**
 * structOffset finds where a member lies, "gFree.stack.size" through members that are structs themselves. Go's debug
 * information writes members of structs without a name with their package ("runtime.size").
 */
export function structOffset(structs: Structs, struct: string, path: string): number | undefined {
  let name = struct;
  let offset = 0;
  const parts = path.split(".").slice(0, deepest);
  for (const [i, part] of parts.entries()) {
    const field = structs([name])
      .get(name)
      ?.fields.find((each) => each.name === part || each.name === `runtime.${part}`);
    if (field === undefined) return undefined;
    offset += field.offset;
    name = field.typeName;
    if (i === parts.length - 1) return offset;
  }
  return undefined;
}
