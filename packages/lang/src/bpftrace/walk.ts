import type { Node } from "./tree.js";

/** isNode tells expressions and statements from other parts of a tree. */
export const isNode = (value: object): value is Node => "kind" in value && "start" in value;

function changed(value: unknown, change: (node: object) => object): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => changed(each, change));
  if (typeof value !== "object" || value === null) return value;
  return isNode(value) || "lengths" in value || "value" in value || "type" in value ? change(value) : value;
}

/** withChildren gives a part of a tree with each of its own parts changed; positions stay. */
export function withChildren<T extends object>(node: T, change: (node: object) => object): T {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) copy[key] = changed(value, change);
  return { ...node, ...copy };
}
