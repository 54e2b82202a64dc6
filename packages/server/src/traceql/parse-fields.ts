import { keyIn } from "../key-in.js";
import type { Field, FieldExpr, FieldOperator, Scope, Static, StaticType } from "./ast.js";
import { INTRINSICS, KINDS, SCOPED, STATUSES } from "./fields.js";
import type { TokenReader } from "./token-reader.js";

/** How tightly operators between values of a span bind (grafana.com/docs/tempo/latest/traceql); `&&` and `||` bind alike. */
const FIELD_BINDING: Readonly<Record<FieldOperator, number>> = {
  "&&": 1,
  "||": 1,
  "=": 2,
  "!=": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  "=~": 2,
  "!~": 2,
  "+": 3,
  "-": 3,
  "*": 5,
  "/": 5,
  "%": 5,
  "^": 6,
};
const MINUS_BINDING = 3;
const NOT_BINDING = 4;

/** readFilter reads `{…}`. */
export function readFilter(reader: TokenReader): FieldExpr {
  reader.expect("{");
  if (reader.take("}")) return { kind: "static", type: "bool", value: true };
  const expr = readField(reader, 0);
  reader.expect("}");
  return expr;
}

/** readField reads an expression over one span. */
export function readField(reader: TokenReader, binding: number): FieldExpr {
  return reader.deeper(() => {
    let left = readFieldOperand(reader);
    for (;;) {
      const operator = reader.is("mark") ? keyIn(FIELD_BINDING, reader.token.text) : undefined;
      if (operator === undefined || FIELD_BINDING[operator] <= binding) return left;
      reader.skip();
      const own = FIELD_BINDING[operator];
      const right = readField(reader, operator === "^" ? own - 1 : own);
      left = fieldOperation(operator, left, right);
    }
  });
}

function readFieldOperand(reader: TokenReader): FieldExpr {
  if (reader.take("(")) {
    const expr = readField(reader, 0);
    reader.expect(")");
    return expr;
  }
  if (reader.take("-")) return { kind: "unary", operator: "-", expr: readField(reader, MINUS_BINDING) };
  if (reader.take("!")) return { kind: "unary", operator: "!", expr: readField(reader, NOT_BINDING) };
  const field = readMaybeField(reader);
  if (field !== undefined) return field;
  const value = readStatic(reader);
  if (value !== undefined) return value;
  throw reader.unexpected("a value or an attribute such as .http.route, span.user or duration");
}

function fieldOperation(operator: FieldOperator, left: FieldExpr, right: FieldExpr): FieldExpr {
  const isNil = (expr: FieldExpr): boolean => expr.kind === "static" && expr.type === "nil";
  if ((operator === "=" || operator === "!=") && (isNil(left) || isNil(right))) {
    if (isNil(left) && isNil(right)) return { kind: "static", type: "bool", value: false };
    return { kind: "exists", expr: isNil(left) ? right : left, negated: operator === "=" };
  }
  return { kind: "binary", operator, left, right };
}

/** readFieldList reads attributes in parentheses. */
export function readFieldList(reader: TokenReader): Field[] {
  reader.expect("(");
  const fields = [readOneField(reader)];
  while (reader.take(",")) fields.push(readOneField(reader));
  reader.expect(")");
  return fields;
}

/** readOneField reads an attribute. */
export function readOneField(reader: TokenReader): Field {
  const field = readMaybeField(reader);
  if (field === undefined) throw reader.unexpected("an attribute such as .http.route or duration");
  return field;
}

function readMaybeField(reader: TokenReader): Field | undefined {
  const { kind, text } = reader.token;
  if (kind === "attribute") {
    reader.skip();
    const name = reader.token.text;
    reader.skip();
    return { kind: "attribute", scope: scopeOf(text), name, parent: text.startsWith("parent.") };
  }
  const intrinsic = kind === "word" ? INTRINSICS.get(text) : kind === "scoped" ? SCOPED.get(text) : undefined;
  if (kind === "scoped" && intrinsic === undefined) throw reader.unexpected("a field of that scope");
  if (intrinsic === undefined) return undefined;
  reader.skip();
  return { kind: "intrinsic", name: intrinsic, text };
}

function scopeOf(text: string): Scope {
  const bare = text.replace(/^parent\./, "").replace(/\.$/, "");
  if (
    bare === "resource" ||
    bare === "span" ||
    bare === "event" ||
    bare === "link" ||
    bare === "instrumentation"
  )
    return bare;
  return "any";
}

/** readStatic reads a literal; undefined when there is none. */
export function readStatic(reader: TokenReader): Static | undefined {
  const { kind, text, value } = reader.token;
  const found = (type: StaticType, own: Static["value"]): Static => {
    reader.skip();
    return { kind: "static", type, value: own };
  };
  if (kind === "string") return found("string", text);
  if (kind === "int" || kind === "float" || kind === "duration") return found(kind, value);
  if (kind !== "word") return undefined;
  if (text === "true" || text === "false") return found("bool", text === "true");
  if (text === "nil") return found("nil", "nil");
  if (STATUSES.has(text)) return found("status", text);
  if (KINDS.has(text)) return found("kind", text);
  if (text === "minInt" || text === "maxInt") return found("int", text === "maxInt" ? 2 ** 63 : -(2 ** 63));
  return undefined;
}
