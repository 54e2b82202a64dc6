import { alignOf, type Field, type StructType, sizeOf, type Type, under } from "../types/type.js";

/** CMember is a member of a struct of C before it has a place. */
export interface CMember {
  readonly name: string;
  readonly type: Type;
  readonly bits: number | undefined;
}

/**
 * layOutC gives a struct or union the layout of C on 64-bit Linux (System V ABI): each member at its alignment; bit
 * fields one behind the other, none across the boundary of a unit of its type. Packed structs have no gaps.
 */
export function layOutC(
  kind: "struct" | "union",
  name: string,
  members: readonly CMember[],
  packed: boolean,
): StructType {
  let bit = 0;
  let align = 1;
  let largest = 0;
  const fields: Field[] = [];
  for (const member of members) {
    const size = sizeOf(member.type);
    const own = packed ? 1 : alignOf(member.type);
    if (kind === "union") bit = 0;
    if (member.bits !== undefined) {
      const unit = size * 8;
      // A width of 0 ends the unit.
      if (member.bits === 0) bit = Math.ceil(bit / unit) * unit;
      else {
        const crosses = Math.floor(bit / unit) !== Math.floor((bit + member.bits - 1) / unit);
        if (!packed && crosses) bit = Math.ceil(bit / unit) * unit;
        align = Math.max(align, own);
        fields.push({
          name: member.name,
          type: member.type,
          offset: bit >> 3,
          embedded: false,
          bits: { offset: bit, size: member.bits },
        });
        bit += member.bits;
      }
    } else {
      const offset = Math.ceil(bit / 8 / own) * own;
      align = Math.max(align, own);
      const embedded = member.name === "" && under(member.type).kind === "struct";
      fields.push({ name: member.name, type: member.type, offset, embedded });
      bit = (offset + size) * 8;
    }
    largest = Math.max(largest, bit);
  }
  const bytes = Math.ceil(largest / 8);
  const size = Math.ceil(bytes / align) * align;
  return { kind: "struct", name, fields, size, align, ...(kind === "union" ? { union: true } : {}) };
}
