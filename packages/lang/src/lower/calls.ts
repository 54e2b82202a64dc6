import type { IrFunction } from "../ir/ir.js";
import type { CallExpr, Expr } from "../syntax/ast.js";
import type { Call, FunctionSymbol, VariableSymbol } from "../types/symbols.js";
import {
  alignOf,
  isKernelStruct,
  isScalar,
  isUserStruct,
  sizeOf,
  type Type,
  typeName,
  under,
} from "../types/type.js";
import { addressNumber, convert, wide } from "./arithmetic.js";
import { lowerBuiltin, lowerBuiltinInto } from "./builtins.js";
import { copy } from "./copies.js";
import { helperCall } from "./helper-calls.js";
import { contextWord, register } from "./hook-words.js";
import { kfuncCall } from "./kfunc.js";
import { exchange } from "./kptr.js";
import { mapMethod } from "./map-methods.js";
import { addressOf, pointee, slotPlace } from "./places.js";
import { declareResults, readMember, resultMembers } from "./results.js";
import { storeScalar } from "./scalar-access.js";
import { specialCall } from "./special-types.js";
import {
  type Frame,
  isDirect,
  type Low,
  type Part,
  type Place,
  refuse,
  type Scalar,
  type Space,
  typeOf,
  widthOf,
} from "./state.js";
import { usdtArgument } from "./usdt.js";
import { livesInMemory } from "./variables.js";

const nothing = (low: Low): Scalar => ({ value: low.b.constant(0n), space: "kernel" });

function callOf(low: Low, expr: CallExpr): Call {
  const found = low.shared.checked.calls.get(expr.id);
  if (found === undefined) throw new Error(`call ${expr.id} was not checked`);
  return found;
}

/**
 * checkCast refuses to look at memory of the program as more than was proven to be there, or on the stack at an address
 * that the type may not have. Ring records carry several types: the verifier knows each one's size.
 */
function checkCast(low: Low, given: Scalar, from: Type, to: Type, at: CallExpr): void {
  if (!isDirect(given.space) || given.space === "ring" || given.space === "context") return;
  const [had, wants] = [sizeOf(from), sizeOf(to)];
  if (wants > had) {
    const message = `${had} bytes are known to be here, ${typeName(to)} has ${wants}`;
    const fix =
      given.space === "packet"
        ? `bpf.Packet[${typeName(to)}](ctx, n) checks them`
        : "use a larger type from the start";
    refuse(low, "out-of-range", at, message, fix);
  } else if (given.space === "stack" && alignOf(to) > alignOf(from)) {
    const { value } = given;
    if (value.op === "slot" && value.imm % BigInt(alignOf(to)) === 0n) return;
    const message = `${typeName(to)} stands at multiples of ${alignOf(to)} on the stack, ${typeName(from)} may not`;
    refuse(low, "out-of-range", at, message, "read words with bpf.Load64(&bytes, i) and its like");
  }
}

function conversion(low: Low, expr: CallExpr, to: Type): Scalar {
  const [value] = expr.arguments;
  if (value === undefined) return nothing(low);
  const from = typeOf(low, value);
  const given = low.scalar(low, value);
  const target = under(to);
  const source = under(from);
  if (target.kind === "int" && source.kind === "int")
    return { value: convert(low, given.value, from, to), space: "kernel" };
  if (target.kind === "pointer" && source.kind === "int")
    return { value: wide(low, given.value, from), space: isUserStruct(target.target) ? "user" : "kernel" };
  if (target.kind === "int" && source.kind === "pointer")
    return { value: addressNumber(low, given), space: "kernel" };
  if (target.kind === "pointer" && source.kind === "pointer")
    checkCast(low, given, source.target, target.target, expr);
  if (
    target.kind === "pointer" &&
    source.kind === "pointer" &&
    isKernelStruct(target.target) &&
    given.space === "btf"
  ) {
    // The verifier knows the old type only; reading as another struct must go through a probe read.
    return {
      value: given.value,
      space: isKernelStruct(source.target) && source.target === target.target ? "btf" : "kernel",
    };
  }
  return given;
}

/** Bind writes a parameter once all arguments are evaluated: a call among them may be one of the same function. */
type Bind = () => void;

/** bindParameter evaluates the argument for a parameter of an inlined function. */
function bindParameter(low: Low, frame: Frame, symbol: VariableSymbol, argument: Expr, caller: Frame): Bind {
  const inMemory = livesInMemory(symbol);
  low.frame = caller;
  if (!inMemory) {
    const value = low.scalar(low, argument);
    frame.storage.set(symbol, { kind: "register", space: value.space });
    return () => low.b.write(symbol, value.value);
  }
  const place = slotPlace(low, symbol.type, symbol.name);
  let space: Space | undefined;
  if (isScalar(symbol.type)) {
    const value = low.scalar(low, argument);
    space = value.space;
    storeScalar(low, place, value.value, argument);
  } else low.into(low, place, argument);
  frame.storage.set(symbol, { kind: "memory", place, space });
  return () => {};
}

/** argumentsOf puts the receiver before the arguments. */
function argumentsOf(call: Call & { kind: "function" }, expr: CallExpr): readonly Expr[] {
  return call.receiver === undefined ? expr.arguments : [call.receiver, ...expr.arguments];
}

function recursive(low: Low, symbol: FunctionSymbol): boolean {
  for (let frame: Frame | undefined = low.frame; frame !== undefined; frame = frame.outer)
    if (frame.function === symbol) return true;
  return false;
}

/** inline lowers a function's body in place of the call; `to` receives an aggregate result. */
function inline(low: Low, call: Call & { kind: "function" }, expr: CallExpr, to: Place | undefined): Part[] {
  const { symbol } = call;
  const { b } = low;
  if (recursive(low, symbol)) {
    refuse(
      low,
      "recursion",
      expr,
      `${symbol.name} calls itself; BPF programs have no recursion`,
      "use a loop with a bound",
    );
    return resultMembers(low, symbol.type.result, to).map((member) =>
      member.place === undefined ? { scalar: nothing(low) } : { place: member.place },
    );
  }
  const caller = low.frame;
  const after = b.newBlock();
  const resultType = symbol.type.result;
  const members = resultMembers(low, resultType, to);
  const firstSlot = b.fn.slots.length;
  const frame: Frame = {
    storage: new Map(),
    outer: caller,
    result: { to: after, members },
    firstSlot,
    resultType,
    function: symbol,
    loops: [],
  };
  const values = argumentsOf(call, expr);
  const binds = symbol.parameters.map((parameter, i): Bind => {
    const argument = values[i];
    if (argument === undefined) return () => {};
    if (call.receiver === argument) return bindReceiver(low, frame, parameter, argument, caller);
    return bindParameter(low, frame, parameter, argument, caller);
  });
  for (const bind of binds) bind();
  low.frame = frame;
  declareResults(low, symbol);
  low.statement(low, symbol.declaration.body);
  if (b.block !== undefined && resultType.kind !== "void") {
    refuse(
      low,
      "missing-return",
      { start: symbol.declaration.body.end - 1, end: symbol.declaration.body.end },
      `${symbol.name} can end without return`,
      "return a value at its end",
    );
  }
  b.jump(after);
  b.seal(after);
  b.enter(after);
  low.frame = caller;
  // What the function had on the stack ends with it, unless its result may point there.
  if (!members.some((member) => under(member.type).kind === "pointer")) {
    for (const slot of b.fn.slots.slice(firstSlot))
      if (slot.to === Number.POSITIVE_INFINITY) slot.to = b.clock();
  }
  b.at = expr;
  if (after.predecessors.length === 0) {
    return members.map((member) =>
      member.place === undefined
        ? { scalar: { value: b.constant(0n, widthOf(member.type)), space: "kernel" } }
        : { place: member.place },
    );
  }
  return members.map((member) => readMember(low, member));
}

function bindReceiver(low: Low, frame: Frame, symbol: VariableSymbol, argument: Expr, caller: Frame): Bind {
  const wanted = under(symbol.type).kind === "pointer";
  const given = under(typeOf(low, argument)).kind === "pointer";
  low.frame = caller;
  if (wanted === given) return bindParameter(low, frame, symbol, argument, caller);
  if (wanted) {
    const place = low.place(low, argument);
    const address = addressOf(low, place);
    frame.storage.set(symbol, { kind: "register", space: place.space });
    return () => low.b.write(symbol, address);
  }
  const of = under(typeOf(low, argument));
  const from = pointee(low.scalar(low, argument), of.kind === "pointer" ? of.target : symbol.type);
  const place = slotPlace(low, symbol.type, symbol.name);
  copy(low, place, from, argument);
  frame.storage.set(symbol, { kind: "memory", place, space: undefined });
  return () => {};
}

/** receiverAddress is what a called method of *T gets: the pointer it is called on, or the variable's address. */
function receiverAddress(low: Low, receiver: Expr): Scalar {
  if (under(typeOf(low, receiver)).kind === "pointer") return low.scalar(low, receiver);
  const place = low.place(low, receiver);
  return { value: addressOf(low, place), space: place.space };
}

/** refusePacket refuses pointers into the packet for subprograms that add a variable to them: only programs know the packet's end. */
function refusePacket(low: Low, code: IrFunction, given: readonly Scalar[], expr: CallExpr): void {
  if (code.indexes !== true) return;
  if (given.some(({ space }) => space === "stack")) low.b.fn.indexes = true;
  if (!given.some(({ space }) => space === "packet")) return;
  refuse(
    low,
    "address-space",
    expr,
    `${code.name} has a variable index, and cannot tell where the packet ends`,
    "copy the value into a variable first, or remove //go:noinline",
  );
}

/** refuseNil refuses nil for memory of the program: a subprogram is verified with pointers that are some. */
function refuseNil(low: Low, given: Scalar, wanted: Type | undefined, at: Expr): void {
  const of = wanted === undefined ? undefined : under(wanted);
  if (of?.kind !== "pointer" || isKernelStruct(of.target) || given.value.op !== "const") return;
  const hint = "give it a variable's address, or remove //go:noinline";
  refuse(low, "unchecked-nil", at, "a subprogram's pointers are never nil", hint);
}

function callSubprogram(low: Low, call: Call & { kind: "function" }, expr: CallExpr): Scalar {
  const values = argumentsOf(call, expr);
  if (values.length > 5) {
    refuse(
      low,
      "too-many-arguments",
      expr,
      `${call.symbol.name} is a subprogram and takes at most five arguments`,
      "pass a pointer to a struct, or remove @noinline",
    );
    return nothing(low);
  }
  const given = values.map((value, i): Scalar => {
    const wanted = call.symbol.type.parameters[i];
    if (value === call.receiver && wanted !== undefined && under(wanted).kind === "pointer")
      return receiverAddress(low, value);
    const scalar = low.scalar(low, value);
    refuseNil(low, scalar, wanted, value);
    return { ...scalar, value: wide(low, scalar.value, typeOf(low, value)) };
  });
  const args = given.map(({ value }) => value);
  const code = low.subprogram(low, call.symbol);
  refusePacket(low, code, given, expr);
  low.b.at = expr;
  const result = low.b.callFunction(code, args);
  const type = call.symbol.type.result;
  if (!isScalar(type)) return nothing(low);
  return { value: widthOf(type) === 32 ? low.b.unary("trunc", result, 32) : result, space: "kernel" };
}

/** callScalar evaluates a call that gives a scalar or nothing. */
export function callScalar(low: Low, expr: CallExpr): Scalar {
  const call = callOf(low, expr);
  low.b.at = expr;
  switch (call.kind) {
    case "conversion":
      return conversion(low, expr, call.to);
    case "function":
      return call.symbol.subprogram
        ? callSubprogram(low, call, expr)
        : onlyScalar(low, inline(low, call, expr, undefined));
    case "builtin":
      return lowerBuiltin(low, call.name, call.types, expr);
    case "helper":
      return helperCall(low, call, expr);
    case "exchange":
      return exchange(low, call, expr);
    case "usdt-argument":
      return usdtArgument(low, call, expr);
    case "iterator":
      refuse(
        low,
        "misplaced",
        expr,
        "an iterator is ranged over",
        "for t := range kfunc.bpf_iter_task(nil, 0) { … }",
      );
      return nothing(low);
    case "special":
      return specialCall(low, call, expr);
    case "kfunc":
      return kfuncCall(low, call, expr);
    case "map-method":
      return mapMethod(low, call.row, call.map, expr, call.object);
    case "register":
      return register(low, call, expr, call.offset);
    case "context-word":
      return contextWord(low, call.object, call.index, expr);
  }
}

/** callTuple evaluates a call with several results. */
export function callTuple(low: Low, expr: CallExpr): Part[] {
  const call = callOf(low, expr);
  if (call.kind === "function") return inline(low, call, expr, undefined);
  if (call.kind !== "register" || call.pair === undefined) throw new Error("this call has one result");
  return [call.offset, call.pair].map((offset) => ({ scalar: register(low, call, expr, offset) }));
}

function onlyScalar(low: Low, parts: readonly Part[]): Scalar {
  const [part] = parts;
  return part !== undefined && "scalar" in part ? part.scalar : nothing(low);
}

/** callInto evaluates a call whose result is an aggregate, into a place. */
export function callInto(low: Low, to: Place, expr: CallExpr): void {
  const call = callOf(low, expr);
  low.b.at = expr;
  if (call.kind === "builtin") lowerBuiltinInto(low, to, call.name, expr);
  else if (call.kind === "function") inline(low, call, expr, to);
  else if (call.kind === "conversion" && expr.arguments[0] !== undefined)
    low.into(low, to, expr.arguments[0]);
  else if (isScalar(to.type)) storeScalar(low, to, callScalar(low, expr).value, expr);
  else throw new Error("no call of this kind gives an aggregate");
}
