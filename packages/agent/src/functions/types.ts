import type { TypeDescription } from "@go3s/binary";

// Chains of names in real programs are two or three long.
const longestChain = 16;

/** plainType follows typedefs and qualifiers to the type that has a layout. */
export function plainType(type: TypeDescription): TypeDescription {
  let plain = type;
  for (let i = 0; i < longestChain; i++) {
    if (plain.kind !== "typedef" && plain.kind !== "qualifier") return plain;
    const target = plain.target();
    if (target === undefined) return plain;
    plain = target;
  }
  return plain;
}
