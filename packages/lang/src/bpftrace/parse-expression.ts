import type { Cursor } from "./cursor.js";
import { isTypeName, typeName } from "./parse-type.js";
import type {
  BlockNode,
  ConditionalNode,
  MapNode,
  Node,
  RecordNode,
  TypeNode,
  VariableNode,
} from "./tree.js";

/** levels are the binary operators from the loosest to the tightest, C's. */
const levels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** ExpressionParser reads expressions; blocks among them are read by who knows statements. */
export interface ExpressionParser {
  expression(): Node;
  /** unary is an expression without binary operators: a bound of a range. */
  unary(): Node;
  variable(): VariableNode;
  map(): MapNode;
}

/** newExpressionParser reads from a cursor; `block` reads a block with its value. */
export function newExpressionParser(cursor: Cursor, block: () => BlockNode): ExpressionParser {
  const list = (end: string, where: string): Node[] => {
    const items: Node[] = [];
    while (!cursor.is(end)) {
      items.push(expression());
      if (!cursor.accept(",")) break;
    }
    cursor.expect(end, where);
    return items;
  };

  /** isStart tells whether a token can only begin a value: what stands before it in parentheses is a type. */
  const isStart = (): boolean => {
    const { kind, text } = cursor.token();
    if (kind === "operator") return text === "(" || text === "!" || text === "~";
    return (
      kind === "number" ||
      kind === "text" ||
      kind === "variable" ||
      kind === "map" ||
      kind === "positional" ||
      (kind === "word" && !/^(?:else)$/.test(text))
    );
  };

  /** castType reads `(uint32)`, `(struct sock *)`, `(int8[4])`; it goes back when these are parentheses. */
  const castType = (): TypeNode | undefined => {
    const begin = cursor.mark();
    const back = (): undefined => {
      cursor.reset(begin);
      return undefined;
    };
    cursor.advance();
    if (cursor.token().kind !== "word") return back();
    const word = cursor.token().text;
    const known = /^(?:struct|union|enum|const|typeof)$/.test(word) || isTypeName(word);
    if (!known && !/^[*)]$/.test(cursor.peek(1).text)) return back();
    const type = typeName(cursor, expression);
    if (type === undefined || !cursor.is(")")) return back();
    cursor.advance();
    // (a)b can be nothing else; (a)*b is a product unless a is known as a type.
    if (known || type.pointers > 0) return type;
    return type.lengths.length === 0 && isStart() && !cursor.is("!") ? type : back();
  };

  const sized = (of: TypeNode | undefined): TypeNode | Node => of ?? expression();

  /** typeOrValue reads the argument of sizeof and offsetof. */
  const typeOrValue = (ends: readonly string[]): TypeNode | Node => {
    const begin = cursor.mark();
    const type = cursor.token().kind === "word" ? typeName(cursor, expression) : undefined;
    if (type !== undefined && cursor.token().kind === "operator" && ends.includes(cursor.token().text))
      return type;
    cursor.reset(begin);
    return sized(undefined);
  };

  const sizeOf = (): Node => {
    const at = cursor.advance();
    cursor.expect("(", "behind sizeof");
    const of = typeOrValue([")"]);
    cursor.expect(")", "to end sizeof");
    return { kind: "sizeof", of, start: at.start, end: cursor.last() };
  };

  const offsetOf = (): Node => {
    const at = cursor.advance();
    cursor.expect("(", "behind offsetof");
    const of = typeOrValue([","]);
    cursor.expect(",", "behind the type");
    const path: string[] = [];
    do path.push(cursor.advance().text);
    while (cursor.accept("."));
    cursor.expect(")", "to end offsetof");
    return { kind: "offsetof", of, path, start: at.start, end: cursor.last() };
  };

  /** typeValue reads `typeof(uint8)` where a value stands. */
  const typeValue = (): Node => {
    const { start } = cursor.token();
    const type = typeName(cursor, expression);
    if (type === undefined) return cursor.stop(cursor.token(), "a type is needed here");
    return { kind: "type", type, start, end: cursor.last() };
  };

  const conditional = (): ConditionalNode => {
    const at = cursor.advance();
    if (cursor.isWord("comptime")) cursor.advance();
    const condition = expression();
    const taken = block();
    let otherwise: BlockNode | undefined;
    if (cursor.isWord("else")) {
      cursor.advance();
      if (cursor.isWord("if")) {
        const value = conditional();
        otherwise = { kind: "block", body: [], value, start: value.start, end: value.end };
      } else otherwise = block();
    }
    return { kind: "conditional", condition, taken, otherwise, start: at.start, end: cursor.last() };
  };

  const named = (start: number): RecordNode => {
    const fields: RecordNode["fields"][number][] = [];
    do {
      if (cursor.is(")")) break;
      const name = cursor.advance();
      if (name.kind !== "word") cursor.stop(name, "a record's values have names: (a=1, b=2)");
      cursor.expect("=", "behind the name");
      if (fields.some((each) => each.name === name.text))
        cursor.stop(name, `Duplicate record field: ${name.text}`);
      fields.push({ name: name.text, value: expression() });
    } while (cursor.accept(","));
    cursor.expect(")", "to close the record");
    return { kind: "record", fields, start, end: cursor.last() };
  };

  const parenthesis = (): Node => {
    const at = cursor.advance();
    if (cursor.accept(")")) return { kind: "tuple", items: [], start: at.start, end: cursor.last() };
    if (cursor.token().kind === "word" && cursor.peek(1).kind === "operator" && cursor.peek(1).text === "=")
      return named(at.start);
    const inner = expression();
    if (cursor.accept(",")) {
      const items = [inner, ...list(")", "to close the tuple")];
      return { kind: "tuple", items, start: at.start, end: cursor.last() };
    }
    cursor.expect(")", "to close the parenthesis");
    // The place is that of what stands inside, as bpftrace tells it.
    return inner;
  };

  const word = (): Node => {
    const at = cursor.token();
    if (at.text === "sizeof") return sizeOf();
    if (at.text === "offsetof") return offsetOf();
    if (at.text === "if") return conditional();
    if (at.text === "typeof" || (/^(?:struct|union|enum)$/.test(at.text) && cursor.peek(1).kind === "word"))
      return typeValue();
    if (at.text === "comptime" && cursor.peek(1).text !== "(") {
      cursor.advance();
      return expression();
    }
    cursor.advance();
    // name!(x) is a macro's call spelled out.
    if (cursor.is("!") && cursor.peek(1).text === "(") cursor.advance();
    if (!cursor.accept("(")) return { kind: "word", name: at.text, start: at.start, end: at.end };
    const values = list(")", "to end the call");
    return {
      kind: "call",
      name: at.text,
      nameAt: at,
      arguments: values,
      start: at.start,
      end: cursor.last(),
    };
  };

  const variable = (): VariableNode => {
    const at = cursor.advance();
    return { kind: "variable", name: at.text.slice(1), start: at.start, end: at.end };
  };
  const map = (): MapNode => {
    const at = cursor.advance();
    const keys = cursor.accept("[") ? list("]", "to end the key") : [];
    return { kind: "map", name: at.text, keys, start: at.start, end: cursor.last() };
  };

  const primary = (): Node => {
    const at = cursor.token();
    switch (at.kind) {
      case "number":
        cursor.advance();
        return { kind: "number", value: at.value ?? 0n, start: at.start, end: at.end };
      case "text":
        cursor.advance();
        return { kind: "text", value: at.text, start: at.start, end: at.end };
      case "variable":
        return variable();
      case "map":
        return map();
      case "positional":
        cursor.advance();
        return {
          kind: "positional",
          index: at.text === "$#" ? 0 : Number(at.text.slice(1)),
          start: at.start,
          end: at.end,
        };
      case "word":
        return word();
      default:
        if (cursor.is("(")) return parenthesis();
        if (cursor.is("{")) return block();
        return cursor.stop(at, `syntax error, unexpected ${cursor.shown()}`, "a value is needed here");
    }
  };

  const postfix = (): Node => {
    let node = primary();
    for (;;) {
      if (cursor.is(".") || cursor.is("->")) {
        cursor.advance();
        const name = cursor.token();
        if (name.kind !== "word" && name.kind !== "number")
          cursor.stop(name, `syntax error, unexpected ${cursor.shown()}, expecting a field's name`);
        cursor.advance();
        node = {
          kind: "field",
          object: node,
          name: name.text,
          nameAt: name,
          start: node.start,
          end: name.end,
        };
      } else if (cursor.is("[")) {
        cursor.advance();
        const index = expression();
        cursor.expect("]", "to end the index");
        node = { kind: "index", object: node, index, start: node.start, end: cursor.last() };
      } else if ((cursor.is("++") || cursor.is("--")) && (node.kind === "variable" || node.kind === "map")) {
        const operator = cursor.advance().text === "++" ? "++" : "--";
        node = { kind: "step", operator, before: false, target: node, start: node.start, end: cursor.last() };
      } else return node;
    }
  };

  const unary = (): Node =>
    cursor.nested(() => {
      const at = cursor.token();
      if (cursor.is("(")) {
        const type = castType();
        if (type !== undefined) {
          const operand = unary();
          return { kind: "cast", type, operand, start: at.start, end: operand.end };
        }
      }
      if (cursor.is("++") || cursor.is("--")) {
        const operator = cursor.advance().text === "++" ? "++" : "--";
        const target = unary();
        if (target.kind !== "variable" && target.kind !== "map")
          return cursor.stop(at, `${operator} needs a variable or a map`);
        return { kind: "step", operator, before: true, target, start: at.start, end: target.end };
      }
      if (
        cursor.is("!") ||
        cursor.is("~") ||
        cursor.is("-") ||
        cursor.is("*") ||
        cursor.is("&") ||
        cursor.is("+")
      ) {
        const operator = cursor.advance().text;
        const operand = unary();
        return { kind: "unary", operator, operand, start: at.start, end: operand.end };
      }
      return postfix();
    });

  const binary = (level: number): Node => {
    const row = levels[level];
    if (row === undefined) return unary();
    let left = binary(level + 1);
    while (cursor.token().kind === "operator" && row.includes(cursor.token().text)) {
      const operator = cursor.advance().text;
      const right = binary(level + 1);
      left = { kind: "binary", operator, left, right, start: left.start, end: right.end };
    }
    return left;
  };

  /** either is `a ?: b`: a, or b where a is 0; a is evaluated once. */
  const either = (value: Node): Node => {
    cursor.advance();
    const otherwise = expression();
    const range = { start: value.start, end: otherwise.end };
    const held: VariableNode = { kind: "variable", name: "__either", ...range };
    return {
      kind: "block",
      body: [{ kind: "let", target: held, type: undefined, value, ...range }],
      value: { kind: "ternary", condition: held, taken: held, otherwise, ...range },
      ...range,
    };
  };

  const expression = (): Node =>
    cursor.nested(() => {
      const condition = binary(0);
      if (!cursor.accept("?")) return condition;
      if (cursor.is(":")) return either(condition);
      const taken = expression();
      cursor.expect(":", "between the two values of ?");
      const otherwise = expression();
      return { kind: "ternary", condition, taken, otherwise, start: condition.start, end: otherwise.end };
    });

  return { expression, unary, variable, map };
}
