import type { Range } from "../source/file.js";

/** Expressions of bpftrace's language; every node knows its stretch of the script. */
export interface NumberNode extends Range {
  readonly kind: "number";
  readonly value: bigint;
}
export interface TextNode extends Range {
  readonly kind: "text";
  readonly value: string;
}
/** WordNode is a builtin such as `pid`, or a kernel constant. */
export interface WordNode extends Range {
  readonly kind: "word";
  readonly name: string;
}
export interface VariableNode extends Range {
  readonly kind: "variable";
  readonly name: string;
}
/** PositionalNode is `$1`; `$#` has the number 0. */
export interface PositionalNode extends Range {
  readonly kind: "positional";
  readonly index: number;
}
export interface MapNode extends Range {
  readonly kind: "map";
  readonly name: string;
  readonly keys: readonly Node[];
}
export interface UnaryNode extends Range {
  readonly kind: "unary";
  readonly operator: string;
  readonly operand: Node;
}
/** StepNode is `++` or `--`, before or behind a variable or map. */
export interface StepNode extends Range {
  readonly kind: "step";
  readonly operator: "++" | "--";
  readonly before: boolean;
  readonly target: VariableNode | MapNode;
}
export interface BinaryNode extends Range {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
}
export interface TernaryNode extends Range {
  readonly kind: "ternary";
  readonly condition: Node;
  readonly then: Node;
  readonly otherwise: Node;
}
export interface FieldNode extends Range {
  readonly kind: "field";
  readonly object: Node;
  readonly name: string;
  readonly nameAt: Range;
}
export interface IndexNode extends Range {
  readonly kind: "index";
  readonly object: Node;
  readonly index: Node;
}
/** CastNode: `(uint32)x`, `(struct sock *)x`. */
export interface CastNode extends Range {
  readonly kind: "cast";
  readonly type: string;
  readonly pointers: number;
  readonly operand: Node;
}
export interface CallNode extends Range {
  readonly kind: "call";
  readonly name: string;
  readonly nameAt: Range;
  readonly arguments: readonly Node[];
}
export type Node =
  | NumberNode
  | TextNode
  | WordNode
  | VariableNode
  | PositionalNode
  | MapNode
  | UnaryNode
  | StepNode
  | BinaryNode
  | TernaryNode
  | FieldNode
  | IndexNode
  | CastNode
  | CallNode;

export interface ExpressionStatement extends Range {
  readonly kind: "expression";
  readonly value: Node;
}
/** AssignStatement: operator is "=" or an operation such as "+=". */
export interface AssignStatement extends Range {
  readonly kind: "assign";
  readonly operator: string;
  readonly target: VariableNode | MapNode;
  readonly value: Node;
}
export interface IfStatement extends Range {
  readonly kind: "if";
  readonly condition: Node;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[];
}
export interface UnrollStatement extends Range {
  readonly kind: "unroll";
  readonly count: Node;
  readonly body: readonly Statement[];
}
export interface WhileStatement extends Range {
  readonly kind: "while";
  readonly condition: Node;
  readonly body: readonly Statement[];
}
/** ForStatement is `for ($i : 0..10) { }`. */
export interface ForStatement extends Range {
  readonly kind: "for";
  readonly variable: VariableNode;
  readonly from: Node;
  readonly to: Node;
  readonly body: readonly Statement[];
}
export interface JumpStatement extends Range {
  readonly kind: "return" | "break" | "continue";
}
export type Statement =
  | ExpressionStatement
  | AssignStatement
  | IfStatement
  | UnrollStatement
  | WhileStatement
  | ForStatement
  | JumpStatement;

/** AttachPoint is one probe as it stands in the script: `tracepoint:sched:sched_switch`. */
export interface AttachPoint extends Range {
  readonly text: string;
}
export interface Action extends Range {
  readonly points: readonly AttachPoint[];
  readonly predicate: Node | undefined;
  readonly body: readonly Statement[];
}
