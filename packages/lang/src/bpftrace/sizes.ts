import { findField, sizeOf, under } from "../types/type.js";
import { logicalSize, shapeOf } from "./shapes.js";
import { bad, type State, type Value } from "./state.js";
import type { OffsetNode, SizeNode } from "./tree.js";
import { looked, namedType } from "./types-of.js";
import { integer } from "./values.js";

/** sizeOfNode is sizeof(type) or sizeof(value), as C lays them out. */
export function sizeOfNode(state: State, node: SizeNode): Value {
  if ("kind" in node.of) {
    const shape = shapeOf(looked(state, node.of).type);
    return shape === undefined ? bad : unsigned64(BigInt(logicalSize(shape).size));
  }
  if (
    node.of.of !== undefined &&
    node.of.of.kind !== "type" &&
    node.of.pointers === 0 &&
    node.of.lengths.length === 0
  )
    return sizeOfNode(state, { ...node, of: node.of.of });
  const { name, pointers, lengths } = node.of;
  if (pointers === 0 && lengths.length === 0 && state.kernel.enumerator(name) !== undefined)
    return unsigned64(8n);
  const type = namedType(state, node.of);
  return type === undefined ? bad : unsigned64(BigInt(sizeOf(type)));
}

const unsigned64 = (value: bigint): Value => integer(`uint64(${value})`, false, value);

/** offsetOf is offsetof(type, field.of.field). */
export function offsetOf(state: State, node: OffsetNode): Value {
  const { of } = node;
  const value = "kind" in of ? looked(state, of).type : undefined;
  const given =
    value === undefined
      ? "kind" in of
        ? undefined
        : namedType(state, of)
      : value.kind === "record" || value.kind === "pointer"
        ? value.target
        : undefined;
  let type = given === undefined ? undefined : under(given);
  let offset = 0;
  for (const name of node.path) {
    const path = type?.kind === "struct" ? findField(type, name) : undefined;
    const field = path?.at(-1);
    if (path === undefined || field === undefined) {
      state.report.error("no-field", node, `there is no field '${name}' to take the offset of`);
      return bad;
    }
    offset += path.reduce((total, each) => total + each.offset, 0);
    type = under(field.type);
  }
  return unsigned64(BigInt(offset));
}
