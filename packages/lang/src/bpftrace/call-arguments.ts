import type { Given } from "./events.js";
import type { State, Value } from "./state.js";
import type { CallNode, MapNode, Node } from "./tree.js";
import { scalar } from "./values.js";

/** Call compiles a call. */
export type Call = (state: State, node: CallNode) => Value;

/** CallRow is a function of the language: how many arguments, what it compiles to. */
export interface CallRow {
  readonly least: number;
  readonly most: number;
  readonly form: string;
  readonly compile: Call;
}

/** row makes a function's row. */
export const row = (least: number, most: number, form: string, compile: Call): CallRow => ({
  least,
  most,
  form,
  compile,
});

/** nothing is what functions give that only do something. */
export const nothing: Value = { type: { kind: "void" }, code: "" };

/** argument gives an argument that must be there. */
export function argument(node: CallNode, index: number): Node {
  const found = node.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
}

/** literalText reads an argument that must be a text known when the script is compiled. */
export function literalText(state: State, node: Node, what: string): string | undefined {
  const value = state.evaluate(state, node);
  if (typeof value.constant === "string") return value.constant;
  if (value.type.kind !== "bad") state.report.error("not-constant", node, `${what} must be a text literal`);
  return undefined;
}

/** literalNumber reads an argument that must be a number known when the script is compiled. */
export function literalNumber(
  state: State,
  node: Node | undefined,
  what: string,
  otherwise: number,
  most: number,
): number {
  if (node === undefined) return otherwise;
  const value = scalar(state, node, what);
  if (typeof value.constant === "bigint" && value.constant >= 0n && value.constant <= BigInt(most))
    return Number(value.constant);
  if (value.type.kind !== "bad")
    state.report.error("not-constant", node, `${what} must be a number from 0 to ${most}`);
  return otherwise;
}

/** mapArgument reads an argument that must be a map. */
export function mapArgument(state: State, node: Node, what: string): MapNode | undefined {
  if (node.kind === "map") return node;
  state.report.error("wrong-type", node, `${what} takes a map`, `${what}(@x)`);
  return undefined;
}

/** evaluated gives the values of several arguments. */
export const evaluated = (state: State, nodes: readonly Node[]): Given[] =>
  nodes.map((at) => ({ value: state.evaluate(state, at), at }));

/** needsUnsafe reports a function that changes the machine where that is not allowed. */
export function needsUnsafe(state: State, node: CallNode): boolean {
  if (state.limits.unsafe) return false;
  state.report.error(
    "unsupported",
    node,
    `${node.name}() is unsafe. To use you need the --unsafe flag`,
    "it changes the machine: --unsafe allows it",
  );
  return true;
}
