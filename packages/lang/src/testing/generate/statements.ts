import { constantOf, pick } from "../random.js";
import { callOf, someInt } from "./expressions.js";
import { memoryStatement } from "./memory-statements.js";
import { optional, type Piece, piece, replaceable } from "./piece.js";
import { add, fresh, type Gen, inScope, pathTo } from "./scope.js";
import { arrayOf, boolType, type GenType, plainInts, sizeOfGen } from "./types.js";

type Text = string | Piece;

/** mostRounds is how often a statement within loops may run. */
const mostRounds = 40;

const expr = (gen: Gen, type: GenType, depth: number): Text => gen.expression(gen, type, depth);

function block(gen: Gen, count: number, rounds = 1): Piece {
  return inScope(gen, () => piece("{\n", statements(gen, count), "}"), rounds);
}

function assignment(gen: Gen): Text {
  const { random } = gen;
  const target = pathTo(gen, (type) => type.kind === "int" || random(3) === 0, true);
  if (target === undefined) return "";
  const { text, type } = target;
  if (type.kind !== "int") return piece(text, " = ", expr(gen, type, 2));
  switch (random(8)) {
    case 0:
      return `${text}${random(2) === 0 ? "++" : "--"}`;
    case 1:
    case 2: {
      const operator = pick(random, ["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="]);
      const value = random(3) === 0 ? constantOf(random, type.base) : expr(gen, type, 2);
      return piece(text, ` ${operator} `, value);
    }
    case 3:
      return piece(
        text,
        random(2) === 0 ? " <<= " : " >>= ",
        random(2) === 0 ? String(random(70)) : expr(gen, someInt(gen), 1),
      );
    default:
      return piece(text, " = ", expr(gen, type, 1 + random(4)));
  }
}

/** parallel assigns two values at once: swaps most of all. */
function parallel(gen: Gen): Text {
  const one = pathTo(gen, (type) => type.kind === "int" || gen.random(3) === 0, true);
  const two = one === undefined ? undefined : pathTo(gen, (type) => type.name === one.type.name, true);
  if (one === undefined || two === undefined) return "";
  const value = gen.random(2) === 0 ? one.text : expr(gen, one.type, 0);
  return piece(`${one.text}, ${two.text} = ${two.text}, `, value);
}

function declaration(gen: Gen): Text {
  const { random } = gen;
  const choice = random(8);
  const type: GenType =
    choice < 5
      ? someInt(gen)
      : choice === 5
        ? boolType
        : choice === 6
          ? pick(random, gen.declared.structs)
          : random(2) === 0
            ? pick(random, gen.declared.arrays)
            : arrayOf(pick(random, gen.declared.ints), pick(random, [2, 4, 7, 8, 16, 70, 260]));
  if (gen.stack + sizeOfGen(type) > gen.most) return "";
  // Sometimes a name that hides one further out.
  const { length } = gen.scope;
  const outer = random(6) === 0 && gen.depth > 1 ? gen.scope[random(length)]?.name : undefined;
  const hides =
    outer !== undefined && /^n\d+$/.test(outer) && !gen.scope.slice(-6).some((each) => each.name === outer);
  const name = hides ? outer : fresh(gen);
  const value = random(4) === 0 ? undefined : expr(gen, type, 2);
  add(gen, name, type);
  const keep = `\n_ = ${name}`;
  if (value === undefined) return `var ${name} ${type.name}${keep}`;
  if (random(2) === 0) return piece(`var ${name} ${type.name} = `, value, keep);
  const isPlain = type.kind === "int" || type.kind === "bool";
  return isPlain && typeof value === "string"
    ? piece(`${name} := ${type.name}(`, value, ")", keep)
    : piece(`var ${name} ${type.name} = `, value, keep);
}

/** pointerTo makes a pointer to a variable; the variable lives as long as it. */
function pointerTo(gen: Gen): Text {
  const found = gen.scope.filter(
    (each) =>
      !each.pointer &&
      each.addressable &&
      each.writable &&
      gen.scope.findLast((later) => later.name === each.name) === each,
  );
  if (found.length === 0) return "";
  const { name, type } = pick(gen.random, found);
  const own = fresh(gen, "p");
  add(gen, own, type, { pointer: true });
  return `${own} := &${name}\n_ = ${own}`;
}

function branch(gen: Gen): Text {
  const { random } = gen;
  const parts: Text[] = ["if ", expr(gen, boolType, random(3)), " ", block(gen, 1 + random(3))];
  if (random(4) === 0)
    parts.push(optional(" else if ", expr(gen, boolType, random(2)), " ", block(gen, 1 + random(2))));
  if (random(2) === 0) parts.push(optional(" else ", block(gen, 1 + random(2))));
  return piece(...parts);
}

function loopHead(gen: Gen, name: string, rounds: number): { head: Text; type: GenType; value?: GenType } {
  const { random } = gen;
  const type = someInt(gen);
  switch (random(6)) {
    case 0:
      return { head: `for ${name} := range ${rounds}`, type: { kind: "int", name: "int", base: "int" } };
    case 1:
      return { head: `for ${name} := ${type.name}(${rounds}); ${name} > 0; ${name}--`, type };
    case 2: {
      const limit = piece(`${type.name}(uint8(`, expr(gen, pick(random, plainInts), 1), `)&${rounds | 1})`);
      return { head: piece(`for ${name} := ${type.name}(0); ${name} < `, limit, `; ${name}++`), type };
    }
    case 3:
      return { head: `for ${name} := ${type.name}(1); ${name} <= ${rounds * 2}; ${name} += 2`, type };
    default:
      return { head: `for ${name} := ${type.name}(0); ${name} < ${rounds}; ${name}++`, type };
  }
}

/** aLoop makes one of the loops, sometimes with a label that its body may name. */
function aLoop(gen: Gen): Text {
  const { random } = gen;
  const rounds = 1 + random(9);
  if (gen.rounds * rounds > mostRounds) return "";
  const name = fresh(gen);
  const array =
    random(3) === 0 ? pathTo(gen, (type) => type.kind === "array" && type.length <= 16) : undefined;
  const label = random(3) === 0 ? fresh(gen, "loop") : undefined;
  const made = inScope(
    gen,
    () => {
      let head: Text;
      if (array !== undefined && array.type.kind === "array" && !array.text.startsWith("(*")) {
        head = `for ${name}, ${name}v := range ${array.text}`;
        add(gen, name, { kind: "int", name: "int", base: "int" }, { writable: false });
        add(gen, `${name}v`, array.type.element);
      } else {
        const made = loopHead(gen, name, rounds);
        head = made.head;
        add(gen, name, made.type, { writable: false, addressable: false });
      }
      if (label !== undefined) gen.labels.push(label);
      gen.breaks = true;
      gen.continues = true;
      const body = statements(gen, 1 + random(3));
      if (label !== undefined) gen.labels.pop();
      const unrolled = array === undefined && random(8) === 0 ? `//go:unroll ${1 + random(4)}\n` : "";
      return piece(unrolled, head, " {\n", body, "}");
    },
    array !== undefined && array.type.kind === "array" ? array.type.length : rounds + 1,
  );
  return label === undefined ? made : piece(`${label}:\n`, made);
}

function jump(gen: Gen): Text {
  const { random } = gen;
  const label = random(3) === 0 ? gen.labels[random(gen.labels.length)] : undefined;
  const what =
    label !== undefined || (gen.breaks && gen.continues) ? pick(random, ["break", "continue"]) : "break";
  if (label === undefined && !gen.breaks) return "";
  return piece("if ", expr(gen, boolType, 1), ` {\n${what}${label === undefined ? "" : ` ${label}`}\n}`);
}

function early(gen: Gen): Text {
  const { random } = gen;
  if (!gen.returns || random(2) === 0) return "";
  return piece("if ", expr(gen, boolType, 1), " {\n", returning(gen), "}");
}

/** returning makes a return of what the function gives. */
export function returning(gen: Gen): Text {
  const { result, results } = gen;
  if (results.length > 1)
    return piece("return ", ...results.flatMap((type, i) => [i > 0 ? ", " : "", expr(gen, type, 1)]), "\n");
  if (result === undefined) return "return\n";
  return piece("return ", expr(gen, result, 2), "\n");
}

function aSwitch(gen: Gen): Text {
  const { random } = gen;
  const { breaks } = gen;
  const type = random(3) === 0 ? undefined : someInt(gen);
  const parts: Text[] = ["switch "];
  if (type !== undefined)
    parts.push(random(2) === 0 ? expr(gen, type, 1) : piece(expr(gen, type, 0), " & 3"), " ");
  parts.push("{\n");
  gen.breaks = true;
  const used = new Set<string>();
  const count = 1 + random(3);
  for (let i = 0; i < count; i++) {
    const wanted = String(random(5));
    if (type !== undefined && used.has(wanted)) continue;
    used.add(wanted);
    const value = type === undefined ? expr(gen, boolType, 1) : wanted;
    const body = inScope(gen, () => statements(gen, 1 + random(2)));
    const falls = random(5) === 0 && i + 1 < count && type === undefined ? "fallthrough\n" : "";
    parts.push(piece("case ", value, ":\n", body, falls));
  }
  if (random(2) === 0)
    parts.push(
      piece(
        "default:\n",
        inScope(gen, () => statements(gen, 1 + random(2))),
      ),
    );
  gen.breaks = breaks;
  return piece(...parts, "}");
}

function aCall(gen: Gen): Text {
  const { random } = gen;
  if (gen.functions.length === 0 || gen.rounds > 16) return "";
  const fn = pick(random, gen.functions);
  const call = callOf(gen, fn, 1);
  if (call === undefined) return "";
  if (fn.results.length > 1) {
    const names = fn.results.map(() => fresh(gen));
    fn.results.forEach((type, i) => {
      add(gen, names[i] ?? "_", type);
    });
    return piece(`${names.join(", ")} := `, call, ...names.map((name) => `\n_ = ${name}`));
  }
  return random(3) === 0 && fn.result !== undefined ? piece("_ = ", call) : call;
}

const kinds: readonly (readonly [weight: number, make: (gen: Gen) => Text, nests: boolean])[] = [
  [9, assignment, false],
  [2, parallel, false],
  [4, declaration, false],
  [1, pointerTo, false],
  [4, branch, true],
  [3, aLoop, true],
  [2, aSwitch, true],
  [2, jump, false],
  [1, early, false],
  [2, aCall, false],
  [6, memoryStatement(statements), true],
];

/** statements makes several. */
export function statements(gen: Gen, count: number): Piece {
  const made: Text[] = [];
  for (let i = 0; i < count && gen.room > 0; i++) {
    gen.room--;
    const fits = kinds.filter(([, , nests]) => !nests || gen.depth < 5);
    let at = gen.random(fits.reduce((sum, [weight]) => sum + weight, 0));
    const chosen = fits.find(([weight]) => {
      at -= weight;
      return at < 0;
    });
    const text = chosen?.[1](gen) ?? "";
    if (text !== "") made.push(optional(text, "\n"));
  }
  return replaceable([], ...made);
}
