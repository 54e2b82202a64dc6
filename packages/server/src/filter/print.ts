import type { FilterNode, FilterPattern, FilterTest } from "./ast.js";

/** printFilter writes a tree in its normal form; parsing that gives the same tree (places aside). */
export function printFilter(node: FilterNode): string {
  switch (node.kind) {
    case "all":
      return "";
    case "and":
      return node.items.map((item) => inner(item)).join(" ");
    case "or":
      return node.items.map((item) => (item.kind === "and" ? printFilter(item) : inner(item))).join(" OR ");
    case "not":
      return `-${inner(node.item)}`;
    case "term":
      return `${printText([node.key], "key")}:${printTest(node.test, "value")}`;
    case "word":
      return printTest(node.test, "key");
  }
}

function inner(node: FilterNode): string {
  const open = node.kind === "and" || node.kind === "or" || node.kind === "not";
  return open && node.kind !== "not" ? `(${printFilter(node)})` : printFilter(node);
}

function printTest(test: FilterTest, place: "key" | "value"): string {
  switch (test.op) {
    case "is":
      return printText(test.pattern, place);
    case "present":
      return "*";
    case "compare":
      return test.sign + printText([test.text], "value");
    case "range":
      return `${printText([test.low], "value")}..${printText([test.high], "value")}`;
    case "regex":
      return `/${test.source.replaceAll(/\\.|\//gs, (part) => (part === "/" ? "\\/" : part))}/`;
  }
}

/** printText writes a text or pattern bare where that reads back as the same, else in quotes. */
export function printText(pattern: FilterPattern, place: "key" | "value"): string {
  const bare = pattern.join("*");
  const first = /^[\p{L}\p{N}_.@$#%+~*]/u.test(bare) || (place === "value" && bare.startsWith("-"));
  const rest = (place === "key" ? /^[^\s()"\\:]+$/ : /^[^\s()"\\]+$/).test(bare);
  const taken = /^(OR|AND|NOT)$/.test(bare) || bare.includes("..");
  const starred = pattern.some((part) => part.includes("*")) || (pattern.length === 1 && bare === "*");
  if (bare !== "" && first && rest && !taken && !starred) return bare;
  return `"${pattern.map((part) => part.replaceAll(/["\\*]/g, "\\$&")).join("*")}"`;
}
