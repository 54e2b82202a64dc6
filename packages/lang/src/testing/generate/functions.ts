import { pick } from "../random.js";
import { type Piece, piece } from "./piece.js";
import { add, type Gen } from "./scope.js";
import { returning, statements } from "./statements.js";
import { boolType, type GenType } from "./types.js";

function scalar(gen: Gen): GenType {
  return gen.random(6) === 0 ? boolType : pick(gen.random, gen.declared.ints);
}

/** declareFunction makes up a function: inlined, a subprogram, or a method. */
export function declareFunction(gen: Gen, index: number): Piece {
  const { random } = gen;
  const own = random(3) === 0;
  const struct = pick(random, gen.declared.structs);
  const receiver = random(3) === 0 ? { type: struct, pointer: random(3) > 0 } : undefined;
  const parameters = Array.from({ length: random(6) }, () => {
    if (random(4) === 0) return { type: pick(random, gen.declared.structs) as GenType, pointer: true };
    if (!own && random(8) === 0)
      return { type: pick(random, gen.declared.structs) as GenType, pointer: false };
    return { type: scalar(gen), pointer: false };
  }).slice(0, receiver === undefined ? 5 : 4);
  const choice = random(10);
  const result: GenType | undefined =
    choice === 0 ? undefined : choice <= 2 && !own ? pick(random, gen.declared.structs) : scalar(gen);
  const name = `f${index}`;
  // Several results, sometimes with names.
  const results = !own && random(4) === 0 ? [scalar(gen), random(3) === 0 ? struct : scalar(gen)] : [];
  const isNamed = results.length > 0 && random(2) === 0;
  // A subprogram takes scalars and pointers only.
  const noinline = own && (receiver === undefined || receiver.pointer);
  // Functions are made before the program: what is in scope are the package's variables.
  const { scope } = gen;
  gen.scope = [...scope];
  gen.stack = 0;
  gen.hook = undefined;
  gen.result = result;
  gen.results = results;
  gen.room = 1 + random(6);
  gen.rounds = 4;
  if (receiver !== undefined) add(gen, "self", receiver.type, { pointer: receiver.pointer });
  parameters.forEach((each, i) => {
    add(gen, `a${i}`, each.type, { pointer: each.pointer });
  });
  if (isNamed)
    results.forEach((type, i) => {
      add(gen, `r${i}`, type);
    });
  const made = statements(gen, 6);
  const hasResult = result !== undefined || results.length > 0;
  const end = isNamed && random(2) === 0 ? "return\n" : hasResult ? returning(gen) : "";
  const body = piece(made, end);
  gen.scope = scope;
  gen.rounds = 1;
  gen.results = [];
  const list = parameters.map((each, i) => `a${i} ${each.pointer ? "*" : ""}${each.type.name}`).join(", ");
  const on = receiver === undefined ? "" : `(self ${receiver.pointer ? "*" : ""}${receiver.type.name}) `;
  const several = results.length > 0;
  gen.functions.push({ name, receiver, parameters, result: several ? undefined : result, results });
  const gives = several
    ? `(${results.map((type, i) => `${isNamed ? `r${i} ` : ""}${type.name}`).join(", ")})`
    : (result?.name ?? "");
  const head = `${noinline ? "//go:noinline\n" : ""}func ${on}${name}(${list}) ${gives} {\n`;
  return piece(head, body, "}\n");
}
