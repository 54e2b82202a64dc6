import { newReporter, type Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import { readPoint } from "./attach-point.js";
import { parseScript } from "./parser.js";
import type { Action, AttachPoint, BinaryNode, FieldNode, MapNode, Node, ScriptTree } from "./tree.js";
import { withChildren } from "./walk.js";

/** Comparison is an operator that a predicate of an extension may stand beside. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** PredicateProvider gives `@name` a meaning in comparisons. */
export interface PredicateProvider {
  /**
   * compare gives what `@name OPERATOR value` asks, as an expression in bpftrace's language such as `(pid == 7 || pid == 9)`.
   * It is called once for each comparison, before anything is compiled. What it throws is told at that place of the script.
   */
  compare(operator: Comparison, value: string | bigint): string;
}

/** ProbeExpansion is what an attach point of an extension's kind becomes. */
export interface ProbeExpansion {
  /** points are attach points of kinds that scripts have: `rawtracepoint:sock_recv_length`. */
  readonly points: readonly string[];
  /** predicate must hold besides the script's own. */
  readonly predicate?: string;
  /** args are what `args.name` reads, as expressions; other names are those of the points. */
  readonly args?: Readonly<Record<string, string>>;
  /** script is a script of further probes that the expressions rely on; the same text is only taken once. */
  readonly script?: string;
}

/** ProbeProvider is a kind of probes: the first part of their attach points. */
export interface ProbeProvider {
  /** expand gets what stands between the colons behind the kind. What it throws is told at the attach point. */
  expand(parts: readonly string[]): ProbeExpansion;
}

/**
 * ScriptExtension adds predicates and kinds of probes to scripts. Expressions and attach points are in bpftrace's language,
 * so that all that is checked and compiled is what a script could say itself.
 *
 *     const extension: ScriptExtension = {
 *       predicates: { even: { compare: (operator, value) => `pid % 2 ${operator} ${value}` } },
 *       probes: { open: { expand: () => ({ points: ["tracepoint:syscalls:sys_enter_openat"], args: { path: "str(args.filename)" } }) } },
 *     };
 *     compileScript({ name: "x", text: "open: /@even == 0/ { print(args.path); }" }, { extensions: [extension] });
 */
export interface ScriptExtension {
  readonly predicates?: Readonly<Record<string, PredicateProvider>>;
  readonly probes?: Readonly<Record<string, ProbeProvider>>;
}

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const mirrored: Readonly<Record<string, Comparison>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

const isComparison = (operator: string): operator is Comparison => comparisons.has(operator);

/** Work is on one script. */
interface Work {
  readonly extensions: readonly ScriptExtension[];
  readonly report: Reporter;
  /** scripts are the further probes, by their texts. */
  readonly scripts: Map<string, Range>;
}

/** moved gives all of a tree the place in the script that asked for it. */
function moved<T extends object>(tree: T, to: Range): T {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree)) copy[key] = movedPart(value, to);
  const isRange = "start" in tree && "end" in tree;
  return { ...tree, ...copy, ...(isRange ? { start: to.start, end: to.end } : {}) };
}

function movedPart(value: unknown, to: Range): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => movedPart(each, to));
  return typeof value === "object" && value !== null ? moved(value, to) : value;
}

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** parsed reads a text that an extension gave; what is wrong with it is told where the script used the extension. */
function parsed(work: Work, text: string, at: Range): ScriptTree | undefined {
  const report = newReporter();
  const tree = parseScript(text, new Map(), report);
  const [first] = report.list();
  if (first === undefined) return tree;
  work.report.error("bad-attribute", at, `the extension gave what is no script: ${first.message}`, text);
  return undefined;
}

/** expression reads one expression of an extension. */
function expression(work: Work, text: string, at: Range): Node | undefined {
  const [action] = parsed(work, `begin /(${text})/ { }`, at)?.actions ?? [];
  return action?.predicate === undefined ? undefined : moved(action.predicate, at);
}

function providerOf(work: Work, node: Node): PredicateProvider | undefined {
  if (node.kind !== "map" || node.keys.length > 0) return undefined;
  const name = node.name.slice(1);
  for (const { predicates } of work.extensions)
    if (predicates !== undefined && Object.hasOwn(predicates, name)) return predicates[name];
  return undefined;
}

const constantOf = (node: Node): string | bigint | undefined =>
  node.kind === "text" || node.kind === "number" ? node.value : undefined;

/** compared turns `@name == "value"` into what its provider says. */
function compared(work: Work, node: BinaryNode): Node | undefined {
  if (!isComparison(node.operator)) return undefined;
  const left = providerOf(work, node.left);
  const provider = left ?? providerOf(work, node.right);
  if (provider === undefined) return undefined;
  const value = constantOf(left === undefined ? node.left : node.right);
  const operator = left === undefined ? (mirrored[node.operator] ?? node.operator) : node.operator;
  if (value === undefined) {
    work.report.error("not-constant", node, "predicates of extensions are compared with a text or a number");
    return undefined;
  }
  try {
    return expression(work, provider.compare(operator, value), node);
  } catch (error) {
    work.report.error("bad-attribute", node, told(error));
    return undefined;
  }
}

const isBinary = (node: object): node is BinaryNode => "kind" in node && node.kind === "binary";
const isField = (node: object): node is FieldNode => "kind" in node && node.kind === "field";
const isMap = (node: object): node is MapNode => "kind" in node && node.kind === "map";

/** rewritten puts an extension's meanings into a part of a script. */
function rewritten(work: Work, given: Readonly<Record<string, string>>, node: object): object {
  if (isBinary(node)) {
    const found = compared(work, node);
    if (found !== undefined) return found;
  }
  if (
    isField(node) &&
    node.object.kind === "word" &&
    node.object.name === "args" &&
    Object.hasOwn(given, node.name)
  ) {
    const found = expression(work, given[node.name] ?? "0", node);
    if (found !== undefined) return found;
  }
  if (isMap(node) && providerOf(work, node) !== undefined) {
    work.report.error(
      "misplaced",
      node,
      `${node.name} is an extension's: it is only compared`,
      `${node.name} == "…"`,
    );
    return node;
  }
  return withChildren(node, (each) => rewritten(work, given, each));
}

function kindOf(work: Work, kind: string): ProbeProvider | undefined {
  for (const { probes } of work.extensions)
    if (probes !== undefined && Object.hasOwn(probes, kind)) return probes[kind];
  return undefined;
}

/** joined is both predicates. */
function joined(a: Node | undefined, b: Node | undefined, at: Range): Node | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { kind: "binary", operator: "&&", left: a, right: b, start: at.start, end: at.end };
}

function expandPoint(work: Work, action: Action, point: AttachPoint, provider: ProbeProvider): Action[] {
  const { parts, written } = readPoint(point.text, []);
  let expansion: ProbeExpansion;
  try {
    expansion = provider.expand(parts.map((part) => part.text));
  } catch (error) {
    work.report.error("bad-attribute", point, told(error));
    return [];
  }
  if (expansion.script !== undefined && !work.scripts.has(expansion.script))
    work.scripts.set(expansion.script, point);
  const own = expansion.predicate === undefined ? undefined : expression(work, expansion.predicate, point);
  const body = withChildren(action, (node) => rewritten(work, expansion.args ?? {}, node));
  const predicate = joined(own, body.predicate, point);
  const points = expansion.points.map((text) => ({
    text,
    title: written,
    start: point.start,
    end: point.end,
  }));
  return [{ ...body, points, predicate }];
}

/** extended puts what extensions mean into a script; without any it is the script as it is. */
export function extended(
  tree: ScriptTree,
  extensions: readonly ScriptExtension[],
  report: Reporter,
): ScriptTree {
  if (extensions.length === 0) return tree;
  const work: Work = { extensions, report, scripts: new Map() };
  const actions = tree.actions.flatMap((action): Action[] => {
    const plain = action.points.filter((point) => kindOf(work, readPoint(point.text, []).kind) === undefined);
    const own = action.points.flatMap((point) => {
      const provider = kindOf(work, readPoint(point.text, []).kind);
      return provider === undefined ? [] : expandPoint(work, action, point, provider);
    });
    if (plain.length === 0) return own;
    const rest = withChildren({ ...action, points: plain }, (node) => rewritten(work, {}, node));
    return [...own, rest];
  });
  const further = [...work.scripts].flatMap(([text, at]) =>
    (parsed(work, text, at)?.actions ?? []).map((action) => moved(action, at)),
  );
  return { ...tree, actions: [...further, ...actions] };
}
