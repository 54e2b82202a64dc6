import { constantOf, pick } from "../random.js";
import { type Piece, piece, replaceable } from "./piece.js";
import { type Gen, type GenFunction, pathTo } from "./scope.js";
import { bitsOf, type GenInt, type GenType, goInt, isSigned, plainInts } from "./types.js";

type Text = string | Piece;

const same =
  (wanted: GenType) =>
  (type: GenType): boolean =>
    type.name === wanted.name;

const isInt = (type: GenType): boolean => type.kind === "int";

/** leaf is a value without operations: a variable, or a part of one, converted when there is none of the type. */
function leaf(gen: Gen, type: GenInt): string {
  const found = pathTo(gen, same(type));
  if (found !== undefined) return found.text;
  const other = pathTo(gen, isInt);
  return other === undefined ? `${type.name}(one)` : `${type.name}(${other.text})`;
}

/** argument makes up one argument of a call; undefined when there is nothing to point to. */
function argument(
  gen: Gen,
  parameter: { readonly type: GenType; readonly pointer: boolean },
  depth: number,
): Text | undefined {
  if (!parameter.pointer) return gen.expression(gen, parameter.type, depth);
  const fits = gen.scope.filter(
    (each) =>
      each.type.name === parameter.type.name &&
      each.writable &&
      (each.pointer || each.addressable) &&
      gen.scope.findLast((later) => later.name === each.name) === each,
  );
  if (fits.length === 0) return undefined;
  const chosen = pick(gen.random, fits);
  return chosen.pointer ? chosen.name : `&${chosen.name}`;
}

/** callOf makes up a call of a function; undefined when its arguments cannot be had. */
export function callOf(gen: Gen, fn: GenFunction, depth: number): Piece | undefined {
  const parts: Text[] = [];
  for (const [i, parameter] of fn.parameters.entries()) {
    const made = argument(gen, parameter, depth);
    if (made === undefined) return undefined;
    parts.push(i > 0 ? ", " : "", made);
  }
  if (fn.receiver === undefined) return piece(`${fn.name}(`, ...parts, ")");
  const { type, pointer } = fn.receiver;
  const on = pathTo(gen, same(type), pointer);
  // A pointer method needs something with an address; what is in a packet or a map has one too.
  if (on === undefined) return undefined;
  return piece(`${on.text}.${fn.name}(`, ...parts, ")");
}

function someCall(gen: Gen, type: GenType, depth: number): Piece | undefined {
  const fits = gen.functions.filter((each) => each.result?.name === type.name);
  // What runs often must not be long.
  if (fits.length === 0 || gen.rounds > 16) return undefined;
  return callOf(gen, pick(gen.random, fits), Math.max(0, Math.min(depth - 1, 1)));
}

const operators = ["+", "-", "*", "/", "%", "&", "|", "^", "&^", "<<", ">>"];
const comparisons = ["==", "!=", "<", "<=", ">", ">="];

function loaded(gen: Gen, type: GenInt): string | undefined {
  const words = isSigned(type) || type.base !== type.name ? undefined : bitsOf(type) / 8;
  const bytes = pathTo(gen, (each) => each.kind === "array" && each.element.name === "uint8");
  if (words === undefined || bytes === undefined || bytes.type.kind !== "array") return undefined;
  const { length } = bytes.type;
  if (length < words || bytes.text.startsWith("(*") || bytes.root.addressable === false) return undefined;
  const index = gen.random(3) === 0 ? `int(${leaf(gen, pick(gen.random, plainInts))}&3)` : undefined;
  return `bpf.Load${words * 8}(&${bytes.text}, ${index ?? gen.random(length - words + 1)})`;
}

function integer(gen: Gen, type: GenInt, depth: number): Text {
  const { random } = gen;
  if (depth <= 0) return leaf(gen, type);
  const inner = (): Text => integer(gen, type, depth - 1);
  const choice = random(24);
  if (choice < 2) {
    const one = inner();
    return replaceable([one], choice === 0 ? "(-" : "(^", one, ")");
  }
  if (choice < 6) {
    const from = pick(random, gen.declared.ints);
    return replaceable([leaf(gen, type)], `${type.name}(`, integer(gen, from, depth - 1), ")");
  }
  if (choice === 6) {
    const [a, b] = [inner(), inner()];
    return replaceable([a, b], random(2) === 0 ? "min(" : "max(", a, ", ", b, ")");
  }
  if (choice <= 9) {
    const call = someCall(gen, type, depth);
    if (call !== undefined) return replaceable([leaf(gen, type)], call);
  }
  if (choice === 10) {
    const text = loaded(gen, type);
    if (text !== undefined) return replaceable([leaf(gen, type)], text);
  }
  if (choice === 11 && type.name === "uint16") {
    const one = inner();
    return replaceable([one], "bpf.Ntohs(", one, ")");
  }
  if (choice === 11 && type.name === "uint32") {
    const one = inner();
    return replaceable([one], "bpf.Htonl(", one, ")");
  }
  if (choice === 11 && type.name === "uint64") {
    const one = inner();
    return replaceable([one], "bpf.Ntohll(", one, ")");
  }
  const operator = pick(random, operators);
  const left = inner();
  if (operator === "<<" || operator === ">>") {
    const count: Text =
      random(2) === 0 ? String(random(70)) : integer(gen, pick(random, gen.declared.ints), random(2));
    return replaceable([left], "(", left, ` ${operator} `, count, ")");
  }
  if (random(3) === 0) {
    const right = random(6) === 0 ? "K" : constantOf(random, type.base);
    return replaceable([left], "(", left, ` ${operator} ${right})`);
  }
  const right = integer(gen, type, random(depth));
  return replaceable([left, right], "(", left, ` ${operator} `, right, ")");
}

function comparison(gen: Gen, depth: number): Text {
  const { random } = gen;
  if (random(10) === 0) {
    const array = pathTo(gen, (type) => type.kind === "array" && type.element.kind === "int");
    const other = array === undefined ? undefined : pathTo(gen, same(array.type));
    if (array !== undefined && other !== undefined)
      return `${array.text} ${random(2) === 0 ? "==" : "!="} ${other.text}`;
  }
  const type = pick(random, gen.declared.ints);
  const left = integer(gen, type, random(Math.min(depth, 2) + 1));
  const right: Text = random(2) === 0 ? constantOf(random, type.base) : integer(gen, type, random(depth + 1));
  return piece(left, ` ${pick(random, comparisons)} `, right);
}

function condition(gen: Gen, depth: number): Text {
  const { random } = gen;
  const choice = random(12);
  if (choice < 2) {
    const found = pathTo(gen, (type) => type.kind === "bool");
    if (found !== undefined) return found.text;
  }
  if (choice === 2) {
    const call = someCall(gen, { kind: "bool", name: "bool" }, depth);
    if (call !== undefined) return replaceable(["false", "true"], call);
  }
  if (choice === 3) {
    const bytes = pathTo(gen, (type) => type.kind === "array" && type.element.name === "uint8");
    if (bytes?.type.kind === "array" && bytes.root.addressable && !bytes.text.startsWith("(*"))
      return `bpf.HasPrefix(&${bytes.text}, "${["\\x00", "\\xff\\xff", "a"][random(3)]}")`;
  }
  if (depth <= 0 || choice < 9) return replaceable(["false", "true"], "(", comparison(gen, depth), ")");
  const left = condition(gen, depth - 1);
  if (choice === 9) return replaceable([left], "!(", left, ")");
  const right = condition(gen, depth - 1);
  return replaceable([left, right], "(", left, choice === 10 ? " && " : " || ", right, ")");
}

/** expression makes up an expression of a type. */
export function expression(gen: Gen, type: GenType, most: number): Text {
  const depth = Math.max(0, most);
  if (type.kind === "int") return integer(gen, type, depth);
  if (type.kind === "bool") return condition(gen, depth);
  const { random } = gen;
  const known = random(2) === 0 ? pathTo(gen, same(type)) : undefined;
  if (known !== undefined) return known.text;
  const call = random(2) === 0 && depth > 0 ? someCall(gen, type, depth) : undefined;
  if (call !== undefined) return replaceable([`${type.name}{}`], call);
  const parts: Text[] = [`${type.name}{`];
  if (type.kind === "struct") {
    for (const field of type.fields) {
      if (random(5) === 0) continue;
      parts.push(parts.length > 1 ? ", " : "", `${field.name}: `, gen.expression(gen, field.type, depth - 1));
    }
  } else {
    for (let i = 0; i < Math.min(type.length, 4); i++)
      parts.push(parts.length > 1 ? ", " : "", gen.expression(gen, type.element, depth - 1));
  }
  return replaceable([`${type.name}{}`], ...parts, "}");
}

/** someInt takes one of the integers of the program. */
export function someInt(gen: Gen): GenInt {
  return gen.random(8) === 0 ? goInt : pick(gen.random, gen.declared.ints);
}
