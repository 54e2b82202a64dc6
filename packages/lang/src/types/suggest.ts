import { didYouMean, nearest } from "../source/nearest.js";
import { builtinRows } from "./builtins.js";
import { kernelConstants } from "./constants.js";
import { contextRows } from "./contexts.js";
import type { Scope } from "./env.js";
import { helperNames } from "./helpers.js";
import { mapRows } from "./map-kinds.js";
import { type Field, type StructType, under } from "./type.js";

/** suggestName finds what an undeclared name may have meant: a name in scope, or a member of bpf without its package. */
export function suggestName(scope: Scope, wanted: string): string | undefined {
  const names = new Set<string>();
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent)
    for (const name of at.names.keys()) names.add(name);
  if (builtinRows.some((row) => row.package === "bpf" && row.name === wanted) || wanted in kernelConstants)
    return `did you mean bpf.${wanted}?`;
  for (const row of builtinRows) if (row.package === "universe") names.add(row.name);
  const found = nearest(wanted, names);
  return found === undefined ? undefined : `did you mean ${found}?`;
}

/** suggestMember finds what an unknown member of bpf or helpers may have meant. */
export function suggestMember(from: string, wanted: string): string | undefined {
  const names =
    from === "helpers"
      ? helperNames()
      : [
          ...builtinRows.flatMap((row) => (row.package === "bpf" ? [row.name] : [])),
          ...mapRows.map((row) => row.name),
          ...contextRows.map((row) => row.name),
          ...Object.keys(kernelConstants),
        ];
  const found = nearest(wanted, names);
  return found === undefined ? undefined : `did you mean ${from}.${found}?`;
}

/** suggestField finds what an unknown field may have meant, through embedded structs and anonymous members. */
export function suggestField(struct: StructType, wanted: string): string | undefined {
  const names = new Set<string>();
  const collect = (fields: readonly Field[], depth: number): void => {
    for (const field of fields) {
      if (field.name !== "") names.add(field.name);
      const inner = field.embedded && depth < 4 ? under(field.type) : undefined;
      if (inner?.kind === "struct") collect(inner.fields, depth + 1);
    }
  };
  collect(struct.fields, 0);
  const longer = [...names].find((name) => name.endsWith(`_${wanted}`) || name.startsWith(wanted));
  return longer !== undefined && nearest(wanted, names) === undefined
    ? `did you mean ${longer}?`
    : didYouMean(wanted, names);
}
