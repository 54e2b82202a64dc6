import type { Expr, Stmt } from "../syntax/ast.js";
import type { FunctionSymbol, VariableSymbol } from "../types/symbols.js";
import { isScalar, type Type, under } from "../types/type.js";
import { copy, zero } from "./copies.js";
import { refuseOwn } from "./escape.js";
import { slotPlace, temporary } from "./places.js";
import { type Frame, type Low, type Part, type Place, type ResultMember, widthOf } from "./state.js";
import { livesInMemory, readVariable, storageOf } from "./variables.js";

/** resultMembers are where an inlined function leaves its results; a single aggregate may go to a given place. */
export function resultMembers(low: Low, type: Type, to: Place | undefined): ResultMember[] {
  const types = type.kind === "tuple" ? type.members : type.kind === "void" ? [] : [type];
  return types.map((each) => {
    const place = isScalar(each) ? undefined : type.kind === "tuple" ? temporary(low, each) : to;
    return { type: each, variable: {}, space: undefined, place };
  });
}

/** readMember gives one result once the function's end was reached. */
export function readMember(low: Low, member: ResultMember): Part {
  if (member.place !== undefined) return { place: member.place };
  const value = low.b.read(member.variable, widthOf(member.type));
  return { scalar: { value, space: member.space ?? "kernel" } };
}

/** declareResults gives named results their storage and their zeros. */
export function declareResults(low: Low, symbol: FunctionSymbol): void {
  for (const each of symbol.results) {
    const inMemory = livesInMemory(each);
    if (!inMemory) {
      low.frame.storage.set(each, { kind: "register", space: undefined });
      low.b.write(each, low.b.constant(0n, widthOf(each.type)));
      continue;
    }
    const place = slotPlace(low, each.type, each.name);
    zero(low, place);
    low.frame.storage.set(each, { kind: "memory", place, space: undefined });
  }
}

function namedPart(low: Low, symbol: VariableSymbol): Part {
  if (isScalar(symbol.type)) return { scalar: readVariable(low, symbol) };
  const storage = storageOf(low, symbol);
  if (storage.kind !== "memory") throw new Error(`the result ${symbol.name} is not in memory`);
  return { place: storage.place };
}

/** give writes one result of an inlined function. */
function give(low: Low, member: ResultMember, part: Part, at: Expr | Stmt): void {
  if ("place" in part) {
    if (member.place !== undefined && member.place !== part.place) copy(low, member.place, part.place, at);
    return;
  }
  const { value, space } = part.scalar;
  if (under(member.type).kind === "pointer") {
    if (value.op !== "const") member.space ??= space;
    refuseOwn(low, part.scalar, at);
  }
  low.b.write(member.variable, value);
}

/** partsOf evaluates what a return statement gives; aggregates of a plain return go straight to their place. */
function partsOf(low: Low, stmt: Stmt & { kind: "return" }, members: readonly ResultMember[]): Part[] {
  const { value } = stmt;
  const named = low.frame.function?.results ?? [];
  if (value === undefined) return named.map((each) => namedPart(low, each));
  const values = value.kind === "tuple" ? value.members : [value];
  const [only] = values;
  if (only !== undefined && values.length === 1 && members.length > 1) return low.tuple(low, only);
  return values.map((each, i) => {
    const member = members[i];
    if (member === undefined || isScalar(member.type)) return { scalar: low.scalar(low, each) };
    const place =
      members.length === 1 && member.place !== undefined ? member.place : temporary(low, member.type);
    low.into(low, place, each);
    return { place };
  });
}

/** returned lowers a return: of the program or subprogram itself, or out of a function inlined into it. */
export function returned(low: Low, stmt: Stmt & { kind: "return" }): void {
  const { b } = low;
  const { result, resultType }: Frame = low.frame;
  if (result !== undefined) {
    const parts = resultType.kind === "void" ? [] : partsOf(low, stmt, result.members);
    result.members.forEach((member, i) => {
      const part = parts[i];
      if (part !== undefined) give(low, member, part, stmt.value ?? stmt);
    });
    b.at = stmt;
    b.jump(result.to);
    return;
  }
  const [part] =
    resultType.kind === "void"
      ? []
      : partsOf(low, stmt, [{ type: resultType, variable: {}, space: undefined, place: undefined }]);
  if (part !== undefined && "scalar" in part && under(resultType).kind === "pointer")
    refuseOwn(low, part.scalar, stmt.value ?? stmt);
  b.at = stmt;
  b.ret(part !== undefined && "scalar" in part ? part.scalar.value : undefined);
}
