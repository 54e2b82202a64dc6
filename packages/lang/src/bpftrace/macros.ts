import type { Reporter } from "../source/diagnostics.js";
import { libraryMacros, libraryNames } from "./stdlib.js";
import type { Action, BlockNode, CallNode, Macro, Node, OffsetNode, TypeNode } from "./tree.js";
import { withChildren } from "./walk.js";

// A macro that calls itself never ends; nobody nests this deep.
const depthLimit = 32;

/** Expansion is the work on one script. */
interface Expansion {
  readonly macros: readonly Macro[];
  readonly report: Reporter;
  count: number;
  depth: number;
}

/** Arguments are what a macro's parameters stand for. */
interface Arguments {
  readonly values: ReadonlyMap<string, Node>;
  readonly variables: ReadonlyMap<string, string>;
  readonly maps: ReadonlyMap<string, string>;
  /** suffix makes the macro's own variables nobody else's. */
  readonly suffix: string;
}

/** expandMacros puts macros in the place of their calls. */
export function expandMacros(
  actions: readonly Action[],
  macros: readonly Macro[],
  report: Reporter,
): Action[] {
  const expansion: Expansion = { macros, report, count: 0, depth: 0 };
  return actions.map((action) => withChildren(action, (node) => expanded(expansion, undefined, node)));
}

function kindOf(node: object): string | undefined {
  return "kind" in node && typeof node.kind === "string" ? node.kind : undefined;
}

const isCall = (node: object): node is CallNode => kindOf(node) === "call";
const isTypeNode = (node: object): node is TypeNode =>
  "lengths" in node && "pointers" in node && !("bits" in node);
const isOffset = (node: object): node is OffsetNode => kindOf(node) === "offsetof";

function expanded(expansion: Expansion, given: Arguments | undefined, node: object): object {
  const inner = (each: object): object => expanded(expansion, given, each);
  const kind = kindOf(node);
  if (given !== undefined) {
    const replaced = substituted(given, node, kind);
    if (replaced !== undefined) return replaced;
  }
  if (kind === "map" && "name" in node && typeof node.name === "string")
    return { ...withChildren(node, inner), name: given?.maps.get(node.name) ?? node.name };
  if (isTypeNode(node)) return typeOf(given, withChildren(node, inner));
  if (isOffset(node)) {
    const [first, ...rest] = node.path;
    const value = first === undefined ? undefined : given?.values.get(first);
    const named = value?.kind === "word" ? { ...node, path: [value.name, ...rest] } : node;
    return ofType(withChildren(named, inner));
  }
  if (kind === "sizeof") return ofType(withChildren(node, inner));
  if (isCall(node)) {
    const made = withChildren(node, inner);
    const macro = find(expansion, made.name, made.arguments.length);
    if (macro !== undefined) return call(expansion, macro, made, made.arguments);
    return made;
  }
  if (kind === "word" && "name" in node && typeof node.name === "string") {
    const macro = find(expansion, node.name, 0);
    const at = rangeOf(node);
    if (macro !== undefined && at !== undefined)
      return call(expansion, macro, { kind: "call", name: node.name, nameAt: at, arguments: [], ...at }, []);
  }
  return withChildren(node, inner);
}

function rangeOf(node: object): { start: number; end: number } | undefined {
  if (!("start" in node && "end" in node)) return undefined;
  const { start, end } = node;
  return typeof start === "number" && typeof end === "number" ? { start, end } : undefined;
}

/** substituted puts arguments in the place of parameters, and gives the macro's own variables names of their own. */
function substituted(given: Arguments, node: object, kind: string | undefined): object | undefined {
  if (!("name" in node) || typeof node.name !== "string") return undefined;
  if (kind === "word") return given.values.get(node.name);
  if (kind === "variable")
    return { ...node, name: given.variables.get(node.name) ?? `${node.name}${given.suffix}` };
  return undefined;
}

/** typeOf puts the type that a parameter stands for where the macro names it: a* of typeof(uint8) is uint8*. */
function typeOf(given: Arguments | undefined, node: TypeNode): TypeNode {
  const value = node.of === undefined ? given?.values.get(node.name) : undefined;
  if (value === undefined) return node;
  return { ...node, of: value };
}

/** ofType: sizeof(x) of a parameter that stands for a value is of the value. */
function ofType<T extends object>(node: T): T {
  const of: unknown = Reflect.get(node, "of");
  if (typeof of !== "object" || of === null || !isTypeNode(of)) return node;
  const isPlain =
    of.of !== undefined && of.of.kind !== "type" && of.pointers === 0 && of.lengths.length === 0;
  return isPlain ? { ...node, of: of.of } : node;
}

function find(expansion: Expansion, name: string, count: number): Macro | undefined {
  const fits = (each: Macro): boolean => each.name === name && each.parameters.length === count;
  return expansion.macros.findLast(fits) ?? (libraryNames.has(name) ? libraryMacros().find(fits) : undefined);
}

function call(expansion: Expansion, macro: Macro, at: CallNode, values: readonly Node[]): Node {
  const named = {
    values: new Map<string, Node>(),
    variables: new Map<string, string>(),
    maps: new Map<string, string>(),
  };
  for (const [i, parameter] of macro.parameters.entries()) {
    const value = values[i];
    if (value === undefined) continue;
    if (parameter.kind === "expression") named.values.set(parameter.name, value);
    else if (parameter.kind === "variable" && value.kind === "variable")
      named.variables.set(parameter.name, value.name);
    else if (parameter.kind === "map" && value.kind === "map" && value.keys.length === 0)
      named.maps.set(parameter.name, value.name);
    else {
      const wanted = parameter.kind === "map" ? "a map" : "a variable";
      expansion.report.error(
        "wrong-type",
        value,
        `Mismatched arg to macro call. Macro expects ${wanted} for arg ${parameter.kind === "map" ? "" : "$"}${parameter.name} but got ${value.kind === "map" ? "a map" : value.kind === "variable" ? "a variable" : "an expression"}.`,
      );
      return at;
    }
  }
  if (expansion.depth >= depthLimit) {
    expansion.report.error("recursion", at, `Recursive macro call detected: ${macro.name}`, "use a loop");
    return at;
  }
  const given: Arguments = { ...named, suffix: `__m${++expansion.count}` };
  expansion.depth++;
  const own: BlockNode =
    macro.isLibrary === true ? placedAt(macro.body, { start: at.start, end: at.end }) : macro.body;
  const body: BlockNode = withChildren(own, (node) => expanded(expansion, given, node));
  expansion.depth--;
  strangers(expansion, macro, body, new Set([...named.maps.values(), ...mapsIn(values)]));
  return { ...body, macro: macro.name, start: at.start, end: at.end };
}

/** placedAt gives a part of the library the place of its call. */
function placedAt<T extends object>(node: T, at: { start: number; end: number }): T {
  const inner = (each: object): object => placedAt(each, at);
  return { ...withChildren(node, inner), ...at };
}

/** mapsIn are the maps that expressions name. */
function mapsIn(nodes: readonly object[]): Set<string> {
  const names = new Set<string>();
  const waiting: object[] = [...nodes];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (kindOf(node) === "map" && "name" in node && typeof node.name === "string") names.add(node.name);
    for (const value of Object.values(node))
      if (typeof value === "object" && value !== null) waiting.push(value);
  }
  return names;
}

/** strangers refuses maps that a macro was not given: what it changes stands at its call. */
function strangers(expansion: Expansion, macro: Macro, body: BlockNode, known: ReadonlySet<string>): void {
  const own = mapsIn([macro.body]);
  for (const parameter of macro.parameters) own.delete(parameter.name);
  for (const name of own)
    if (!known.has(name) && mapsIn([body]).has(name))
      expansion.report.error(
        "undefined",
        macro,
        `Unhygienic access to map: ${name}. Maps must be passed into the macro as arguments.`,
      );
}
