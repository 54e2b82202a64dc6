import type { File } from "./ast.js";

/** isNode tells whether a value is a part of the tree with a name of its own. */
function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const hidden: ReadonlySet<string> = new Set(["id", "start", "end", "kind", "line"]);

function leaf(value: unknown): string | undefined {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (!isNode(value)) return undefined;
  if (
    value.kind === "name" ||
    (value.kind === undefined && typeof value.name === "string" && Object.keys(value).length <= 4)
  ) {
    return String(value.name);
  }
  return value.kind === "integer" ? String(value.value) : undefined;
}

function write(out: string[], depth: number, label: string, value: unknown): void {
  const indent = "  ".repeat(depth);
  const plain = leaf(value);
  if (plain !== undefined) out.push(`${indent}${label}${plain}`);
  else if (Array.isArray(value)) value.forEach((each) => void write(out, depth, label, each));
  else if (isNode(value)) {
    out.push(`${indent}${label}${typeof value.kind === "string" ? value.kind : ""}`.trimEnd());
    for (const [key, part] of Object.entries(value)) {
      if (!hidden.has(key) && part !== undefined) write(out, depth + 1, `${key}: `, part);
    }
  }
}

/** treeText writes a file's syntax tree for people, one node a line. */
export function treeText(file: File): string {
  const out: string[] = [`package ${file.package}`];
  for (const declaration of file.declarations) write(out, 0, "", declaration);
  return out.join("\n");
}
