import type { Attribute } from "../lex/token.js";
import type { Range } from "../source/file.js";
import type { Refusal } from "./refused.js";

/** NodeBase: every node has an id, unique in its compilation, by which side tables name it. */
interface NodeBase extends Range {
  readonly id: number;
}

/** Identifier is a name where it is declared. */
export interface Identifier extends NodeBase {
  readonly name: string;
}

export interface NameExpr extends NodeBase {
  readonly kind: "name";
  readonly name: string;
}
export interface IntegerExpr extends NodeBase {
  readonly kind: "integer";
  readonly value: bigint;
  readonly character: boolean;
}
export interface StringExpr extends NodeBase {
  readonly kind: "string";
  /** value has one character per byte. */
  readonly value: string;
}
export interface UnaryExpr extends NodeBase {
  readonly kind: "unary";
  readonly operator: string;
  readonly operand: Expr;
}
export interface StarExpr extends NodeBase {
  readonly kind: "star";
  readonly operand: Expr;
}
export interface BinaryExpr extends NodeBase {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: Expr;
  readonly right: Expr;
}
export interface ParenExpr extends NodeBase {
  readonly kind: "paren";
  readonly inner: Expr;
}
export interface SelectorExpr extends NodeBase {
  readonly kind: "selector";
  readonly object: Expr;
  readonly name: Identifier;
}
/** IndexExpr is `a[i]` as well as the instantiation `G[T, U]`; the checker knows which. */
export interface IndexExpr extends NodeBase {
  readonly kind: "index";
  readonly object: Expr;
  readonly indices: readonly Expr[];
}
export interface SliceExpr extends NodeBase {
  readonly kind: "slice";
  readonly object: Expr;
  readonly low: Expr | undefined;
  readonly high: Expr | undefined;
}
export interface CallExpr extends NodeBase {
  readonly kind: "call";
  readonly callee: Expr;
  readonly arguments: readonly Expr[];
}
export interface Element {
  readonly key: Expr | undefined;
  readonly value: Expr;
}
export interface CompositeExpr extends NodeBase {
  readonly kind: "composite";
  readonly type: Expr | undefined;
  readonly elements: readonly Element[];
}
export interface ArrayTypeExpr extends NodeBase {
  readonly kind: "array-type";
  /** length is undefined for a slice, "..." for `[...]T`. */
  readonly length: Expr | "..." | undefined;
  readonly element: Expr;
}
export interface FieldNode extends NodeBase {
  readonly names: readonly Identifier[];
  readonly type: Expr;
  readonly tag: string | undefined;
}
export interface StructTypeExpr extends NodeBase {
  readonly kind: "struct-type";
  readonly fields: readonly FieldNode[];
}
export interface Parameter extends NodeBase {
  readonly name: Identifier | undefined;
  readonly type: Expr;
}
export interface Signature extends NodeBase {
  readonly parameters: readonly Parameter[];
  /** result is a type; a tuple type when there are several results. */
  readonly result: Expr | undefined;
  /** results are the results' names, when they have some. */
  readonly results: readonly Identifier[];
}
export interface FunctionExpr extends NodeBase {
  readonly kind: "function";
  readonly signature: Signature;
  readonly body: BlockStmt;
}
/** TupleExpr is the values of a return with several, and the type of a function with several results. */
export interface TupleExpr extends NodeBase {
  readonly kind: "tuple";
  readonly members: readonly Expr[];
}
/** RefusedExpr is Go that BPF cannot have: the parser reads over it, the checker tells why. */
export interface RefusedExpr extends NodeBase {
  readonly kind: "refused";
  readonly refusal: Refusal;
}
/** BadExpr stands where the parser found no expression; it was reported. */
export interface BadExpr extends NodeBase {
  readonly kind: "bad";
}

export type Expr =
  | NameExpr
  | IntegerExpr
  | StringExpr
  | UnaryExpr
  | StarExpr
  | BinaryExpr
  | ParenExpr
  | SelectorExpr
  | IndexExpr
  | SliceExpr
  | CallExpr
  | CompositeExpr
  | ArrayTypeExpr
  | StructTypeExpr
  | FunctionExpr
  | TupleExpr
  | RefusedExpr
  | BadExpr;

export interface BlockStmt extends NodeBase {
  readonly kind: "block";
  readonly body: readonly Stmt[];
  /** closed blocks let no address of their variables out, so that later blocks may use the same stack. */
  closed?: boolean;
}
export interface ExprStmt extends NodeBase {
  readonly kind: "expression";
  readonly value: Expr;
}
/** AssignStmt: operator is "=", ":=" or an operation such as "+=". */
export interface AssignStmt extends NodeBase {
  readonly kind: "assign";
  readonly operator: string;
  readonly left: readonly Expr[];
  readonly right: readonly Expr[];
}
export interface IncrementStmt extends NodeBase {
  readonly kind: "increment";
  readonly operator: "++" | "--";
  readonly target: Expr;
}
export interface IfStmt extends NodeBase {
  readonly kind: "if";
  readonly init: Stmt | undefined;
  readonly condition: Expr;
  readonly then: BlockStmt;
  readonly otherwise: BlockStmt | IfStmt | undefined;
}
export interface ForStmt extends NodeBase {
  readonly kind: "for";
  readonly init: Stmt | undefined;
  readonly condition: Expr | undefined;
  readonly post: Stmt | undefined;
  readonly body: BlockStmt;
  readonly attributes: readonly Attribute[];
  readonly label: string | undefined;
}
export interface RangeStmt extends NodeBase {
  readonly kind: "range";
  readonly key: Identifier | undefined;
  readonly value: Identifier | undefined;
  readonly subject: Expr;
  readonly body: BlockStmt;
  readonly attributes: readonly Attribute[];
  readonly label: string | undefined;
}
export interface CaseClause extends NodeBase {
  /** values is empty for `default`. */
  readonly values: readonly Expr[];
  readonly isDefault: boolean;
  readonly body: readonly Stmt[];
  readonly fallsThrough: boolean;
}
export interface SwitchStmt extends NodeBase {
  readonly kind: "switch";
  readonly init: Stmt | undefined;
  readonly subject: Expr | undefined;
  readonly clauses: readonly CaseClause[];
  readonly label: string | undefined;
}
export interface BranchStmt extends NodeBase {
  readonly kind: "break" | "continue";
  readonly label: Identifier | undefined;
}
export interface ReturnStmt extends NodeBase {
  readonly kind: "return";
  readonly value: Expr | undefined;
}
export interface DeclStmt extends NodeBase {
  readonly kind: "declaration";
  readonly declarations: readonly (VarDecl | ConstDecl | TypeDecl)[];
}

export type Stmt =
  | BlockStmt
  | ExprStmt
  | AssignStmt
  | IncrementStmt
  | IfStmt
  | ForStmt
  | RangeStmt
  | SwitchStmt
  | BranchStmt
  | ReturnStmt
  | DeclStmt;

export interface ImportDecl extends NodeBase {
  readonly kind: "import";
  readonly path: string;
  readonly alias: string | undefined;
}
export interface VarDecl extends NodeBase {
  readonly kind: "var";
  readonly names: readonly Identifier[];
  readonly type: Expr | undefined;
  readonly values: readonly Expr[];
  readonly attributes: readonly Attribute[];
}
export interface ConstDecl extends NodeBase {
  readonly kind: "const";
  readonly names: readonly Identifier[];
  readonly type: Expr | undefined;
  readonly values: readonly Expr[];
  readonly iota: number;
}
export interface TypeDecl extends NodeBase {
  readonly kind: "type";
  readonly name: Identifier;
  readonly type: Expr;
  readonly attributes: readonly Attribute[];
}
export interface FuncDecl extends NodeBase {
  readonly kind: "func";
  readonly name: Identifier;
  readonly receiver: Parameter | undefined;
  readonly signature: Signature;
  readonly body: BlockStmt;
  readonly attributes: readonly Attribute[];
}

export type Decl = ImportDecl | VarDecl | ConstDecl | TypeDecl | FuncDecl;

/** File is one parsed file. */
export interface File extends NodeBase {
  readonly package: string;
  /** attributes before the package clause: the license. */
  readonly attributes: readonly Attribute[];
  readonly declarations: readonly Decl[];
}

/** Node is anything with an id. */
export type Node = NodeBase;
