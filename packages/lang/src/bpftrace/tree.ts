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
  readonly taken: Node;
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
/** TypeNode is a type as it is written: `uint32`, `struct sock *`, `int8[4]`, `typeof(x)`. */
export interface TypeNode extends Range {
  /** name has "struct ", "union " or "enum " before it where the script says so. */
  readonly name: string;
  /** of is the expression of typeof. */
  readonly of?: Node;
  readonly pointers: number;
  /** lengths of arrays, the outermost first; undefined for [] without a length. */
  readonly lengths: readonly (Node | undefined)[];
}
/** CastNode: `(uint32)x`, `(struct sock *)x`, `(int8[])x`. */
export interface CastNode extends Range {
  readonly kind: "cast";
  readonly type: TypeNode;
  readonly operand: Node;
}
/** SizeNode is `sizeof(type)` or `sizeof(value)`. */
export interface SizeNode extends Range {
  readonly kind: "sizeof";
  readonly of: TypeNode | Node;
}
/** OffsetNode is `offsetof(type, field)`. */
export interface OffsetNode extends Range {
  readonly kind: "offsetof";
  readonly of: TypeNode | Node;
  readonly path: readonly string[];
}
/** TypeValueNode is a type where a value stands: the argument of a macro, `typeof(uint8)`. */
export interface TypeValueNode extends Range {
  readonly kind: "type";
  readonly type: TypeNode;
}
export interface TupleNode extends Range {
  readonly kind: "tuple";
  readonly items: readonly Node[];
}
/** RecordNode is `(a=1, b="x")`. */
export interface RecordNode extends Range {
  readonly kind: "record";
  readonly fields: readonly { readonly name: string; readonly value: Node }[];
}
/** BlockNode is statements with a value: `{ let $x = 1; $x }`. */
export interface BlockNode extends Range {
  readonly kind: "block";
  readonly body: readonly Statement[];
  readonly value: Node | undefined;
  /** macro is the name of the macro that the block comes from. */
  readonly macro?: string;
}
/** ConditionalNode is `if (x) { a } else { b }` where a value stands. */
export interface ConditionalNode extends Range {
  readonly kind: "conditional";
  readonly condition: Node;
  readonly taken: BlockNode;
  readonly otherwise: BlockNode | undefined;
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
  | SizeNode
  | OffsetNode
  | TypeValueNode
  | TupleNode
  | RecordNode
  | BlockNode
  | ConditionalNode
  | CallNode;

export interface ExpressionStatement extends Range {
  readonly kind: "expression";
  readonly value: Node;
}
/** LetStatement is `let $x: uint64 = 1`. */
export interface LetStatement extends Range {
  readonly kind: "let";
  readonly target: VariableNode;
  readonly type: TypeNode | undefined;
  readonly value: Node | undefined;
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
  readonly taken: readonly Statement[];
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
/** EachStatement is `for ($kv : @map) { }`. */
export interface EachStatement extends Range {
  readonly kind: "each";
  readonly variable: VariableNode;
  readonly map: MapNode;
  readonly body: readonly Statement[];
}
export interface JumpStatement extends Range {
  readonly kind: "break" | "continue";
}
export interface ReturnStatement extends Range {
  readonly kind: "return";
  readonly value: Node | undefined;
}
/** DiscardStatement is `_ = x`: the value is not wanted, and that is meant. */
export interface DiscardStatement extends Range {
  readonly kind: "discard";
  readonly value: Node;
}
export type Statement =
  | ExpressionStatement
  | AssignStatement
  | IfStatement
  | UnrollStatement
  | WhileStatement
  | ForStatement
  | EachStatement
  | JumpStatement
  | ReturnStatement
  | DiscardStatement
  | LetStatement;

/** AttachPoint is one probe as it stands in the script: `tracepoint:sched:sched_switch`. */
export interface AttachPoint extends Range {
  readonly text: string;
  /** title is the probe's name where an extension wrote the point. */
  readonly title?: string;
}
export interface Action extends Range {
  readonly points: readonly AttachPoint[];
  readonly predicate: Node | undefined;
  readonly body: readonly Statement[];
}

/** MacroParameter is `$x` (a variable), `@x` (a map) or `x` (any expression). */
export interface MacroParameter extends Range {
  readonly kind: "variable" | "map" | "expression";
  readonly name: string;
}
export interface Macro extends Range {
  readonly name: string;
  readonly parameters: readonly MacroParameter[];
  readonly body: BlockNode;
  /** isLibrary macros come with the language: their positions are not the script's. */
  readonly isLibrary?: boolean;
}
/** MapDeclaration is `let @a = lruhash(100)`. */
export interface MapDeclaration extends Range {
  readonly name: string;
  readonly type: string;
  readonly typeAt: Range;
  readonly entries: Node | undefined;
}
/** Setting is a line of the config block. */
export interface Setting extends Range {
  readonly key: string;
  readonly value: string;
}
/** Import is `import "file.bt"`. */
export interface Import extends Range {
  readonly path: string;
}
/** MemberDeclaration is a member of a struct of C as it is written. */
export interface MemberDeclaration {
  readonly name: string;
  readonly type: TypeNode | Declaration;
  readonly bits: number | undefined;
  /** pointers and lengths of a member whose type is declared in place. */
  readonly pointers: number;
  readonly lengths: readonly (Node | undefined)[];
}
/** Declaration of C: a struct, a union, an enum, a typedef. */
export type Declaration =
  | (Range & {
      readonly kind: "struct" | "union";
      readonly name: string;
      readonly members: readonly MemberDeclaration[];
      readonly packed: boolean;
    })
  | (Range & {
      readonly kind: "enum";
      readonly name: string;
      readonly values: readonly { readonly name: string; readonly value: Node | undefined }[];
    })
  | (Range & { readonly kind: "typedef"; readonly member: MemberDeclaration });

/** ScriptTree is a whole script. */
export interface ScriptTree {
  readonly declarations: readonly Declaration[];
  readonly settings: readonly Setting[];
  readonly imports: readonly Import[];
  readonly maps: readonly MapDeclaration[];
  readonly macros: readonly Macro[];
  readonly actions: readonly Action[];
}
