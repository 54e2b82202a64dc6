import type { Action, BlockNode, Node, Statement, VariableNode } from "./tree.js";
import { isNode, withChildren } from "./walk.js";

/** Scope is a block: the variables it brought, by the name in the script. */
interface Scope {
  readonly outer: Scope | undefined;
  readonly names: Map<string, string>;
}

interface Naming {
  /** taken counts how many variables of a name there are. */
  readonly taken: Map<string, number>;
}

function find(scope: Scope, name: string): string | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const known = at.names.get(name);
    if (known !== undefined) return known;
  }
  return undefined;
}

function bring(naming: Naming, scope: Scope, name: string): string {
  const count = naming.taken.get(name) ?? 0;
  naming.taken.set(name, count + 1);
  const own = count === 0 ? name : `${name}__${count}`;
  scope.names.set(name, own);
  return own;
}

const within = (outer: Scope): Scope => ({ outer, names: new Map() });

/** scoped gives each variable of a probe a name of its own: what a block brings is gone behind it. */
export function scoped(action: Action): Action {
  const naming: Naming = { taken: new Map() };
  const top: Scope = { outer: undefined, names: new Map() };
  return {
    ...action,
    predicate: action.predicate === undefined ? undefined : renamed(naming, top, action.predicate),
    body: statements(naming, top, action.body),
  };
}

function statements(naming: Naming, scope: Scope, body: readonly Statement[]): Statement[] {
  return body.map((each) => statement(naming, scope, each));
}

function target(naming: Naming, scope: Scope, node: VariableNode): VariableNode {
  return { ...node, name: find(scope, node.name) ?? bring(naming, scope, node.name) };
}

function statement(naming: Naming, scope: Scope, node: Statement): Statement {
  const value = (of: Node): Node => renamed(naming, scope, of);
  const inner = (body: readonly Statement[]): Statement[] => statements(naming, within(scope), body);
  switch (node.kind) {
    case "expression":
    case "discard":
      return { ...node, value: value(node.value) };
    case "assign": {
      // The value first: it may speak of an outer variable.
      const given = value(node.value);
      const to =
        node.target.kind === "variable"
          ? target(naming, scope, node.target)
          : asMap(value(node.target), node.target);
      return { ...node, target: to, value: given };
    }
    case "let": {
      const given = node.value === undefined ? undefined : value(node.value);
      const type = node.type?.of === undefined ? node.type : { ...node.type, of: value(node.type.of) };
      // A second declaration in one block is the same variable; in an inner block it is another.
      const own = scope.names.get(node.target.name) ?? bring(naming, scope, node.target.name);
      return { ...node, type, target: { ...node.target, name: own }, value: given };
    }
    case "if":
      return {
        ...node,
        condition: value(node.condition),
        taken: inner(node.taken),
        otherwise: inner(node.otherwise),
      };
    case "unroll":
      return { ...node, count: value(node.count), body: inner(node.body) };
    case "while":
      return { ...node, condition: value(node.condition), body: inner(node.body) };
    case "for": {
      const [from, to] = [value(node.from), value(node.to)];
      const own = within(scope);
      const variable = { ...node.variable, name: bring(naming, own, node.variable.name) };
      return { ...node, from, to, variable, body: statements(naming, own, node.body) };
    }
    case "each": {
      const own = within(scope);
      const variable = { ...node.variable, name: bring(naming, own, node.variable.name) };
      return { ...node, variable, body: statements(naming, own, node.body) };
    }
    case "return":
      return node.value === undefined ? node : { ...node, value: value(node.value) };
    case "break":
    case "continue":
      return node;
  }
}

const asMap = <T extends Node>(made: Node, before: T): T =>
  made.kind === before.kind ? { ...before, ...made } : before;

function blockOf(naming: Naming, outer: Scope, node: BlockNode): BlockNode {
  const own = within(outer);
  const body = statements(naming, own, node.body);
  return { ...node, body, value: node.value === undefined ? undefined : renamed(naming, own, node.value) };
}

/** renamed gives an expression with the variables' own names. */
function renamed(naming: Naming, scope: Scope, node: Node): Node {
  if (node.kind === "variable") return { ...node, name: find(scope, node.name) ?? node.name };
  if (node.kind === "block") return blockOf(naming, scope, node);
  const inner = (each: object): object =>
    isNode(each) ? renamed(naming, scope, each) : withChildren(each, inner);
  return withChildren(node, inner);
}
