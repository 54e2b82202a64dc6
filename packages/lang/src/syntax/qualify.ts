import type { File } from "./ast.js";

type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

/** declares lists the names that a function's parameters and statements declare. */
function declares(node: unknown, found: Set<string>): void {
  if (Array.isArray(node)) for (const each of node) declares(each, found);
  if (!isNode(node) || Array.isArray(node)) return;
  const add = (value: unknown): void => {
    if (isNode(value) && typeof value["name"] === "string") found.add(value["name"]);
  };
  if (node["kind"] === "assign" && node["operator"] === ":=" && Array.isArray(node["left"]))
    node["left"].forEach(add);
  if (node["kind"] === "range") for (const key of ["key", "value"]) add(node[key]);
  if ((node["kind"] === "var" || node["kind"] === "const") && Array.isArray(node["names"]))
    node["names"].forEach(add);
  if (node["kind"] === "type") add(node["name"]);
  if (Array.isArray(node["parameters"]))
    for (const each of node["parameters"]) if (isNode(each)) add(each["name"]);
  for (const value of Object.values(node)) if (isNode(value)) declares(value, found);
}

/**
 * qualify makes names of the selectors of imported packages, so that `net.Port` is one name like any other: the checker
 * knows it by its dot. It gives the packages that were used. In a function that declares a package's name anew, the
 * name is the function's own.
 */
export function qualify(file: File, isImported: (name: string) => boolean): Set<string> {
  const used = new Set<string>();
  const walk = (node: unknown, hidden: ReadonlySet<string>): void => {
    if (Array.isArray(node)) {
      for (const each of node) walk(each, hidden);
      return;
    }
    if (!isNode(node)) return;
    const { kind, object, name } = node;
    if (kind === "selector" && isNode(object) && object["kind"] === "name" && isNode(name)) {
      const alias = object["name"];
      if (typeof alias === "string" && isImported(alias) && !hidden.has(alias)) {
        used.add(alias);
        // The node stays where it is in the tree and keeps its id.
        node["kind"] = "name";
        node["name"] = `${alias}.${String(name["name"])}`;
        delete node["object"];
        return;
      }
    }
    for (const value of Object.values(node)) if (isNode(value)) walk(value, hidden);
  };
  for (const declaration of file.declarations) {
    const hidden = new Set<string>();
    if (declaration.kind === "func")
      declares([declaration.receiver, declaration.signature, declaration.body], hidden);
    walk(declaration, hidden);
  }
  return used;
}
