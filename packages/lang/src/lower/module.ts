import { type Builder, newBuilder, newFunction } from "../ir/builder.js";
import type { IrFunction, IrModule, Value } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Expr, FunctionExpr } from "../syntax/ast.js";
import { bare } from "../types/convert.js";
import type { Architecture } from "../types/registers.js";
import type { Checked, FunctionSymbol, Program, VariableSymbol } from "../types/symbols.js";
import { isKernelStruct, isScalar, under, voidType } from "../types/type.js";
import { wide } from "./arithmetic.js";
import { loopShape } from "./callback-shape.js";
import { condition, place, scalar } from "./expressions.js";
import { into } from "./into.js";
import { addressOf, slotPlace } from "./places.js";
import { declareResults } from "./results.js";
import { storeScalar } from "./scalar-access.js";
import {
  type CallbackShape,
  type Frame,
  type Low,
  type Place,
  refuse,
  type Shared,
  type Space,
  type Storage,
  widthOf,
} from "./state.js";
import { effect, statement, tuple } from "./statements.js";
import { byValue, livesInMemory, readVariable, storageOf } from "./variables.js";

/** LowerOptions are the facts of the target that lowering needs. */
export interface LowerOptions {
  readonly architecture: Architecture;
  readonly signedDivision: boolean;
}

/** Lowered is the SSA of a compilation and the constants it puts into .rodata. */
export interface Lowered extends IrModule {
  readonly texts: Shared["texts"];
}

function newLow(shared: Shared, b: Builder, frame: Frame, context: Value | undefined): Low {
  const packet = undefined;
  return {
    shared,
    b,
    packet,
    frame,
    context,
    scalar,
    place,
    into,
    condition,
    effect,
    statement,
    tuple,
    callback,
    subprogram,
  };
}

/** spaceOfParameter: programs get their context; other functions get direct memory, or kernel objects by type. */
function spaceOfParameter(symbol: VariableSymbol): Space {
  const of = under(symbol.type);
  if (of.kind !== "pointer") return "kernel";
  if (under(of.target).kind === "context") return "context";
  return isKernelStruct(of.target) ? "kernel" : "stack";
}

/** bind stores parameters where the body expects them. */
function bind(low: Low, parameters: readonly VariableSymbol[], given?: (index: number) => Value): void {
  parameters.forEach((symbol, i) => {
    const word = given?.(i) ?? low.b.parameter(i);
    const value =
      widthOf(symbol.type) === 32 && isScalar(symbol.type) ? low.b.unary("trunc", word, 32) : word;
    const space = spaceOfParameter(symbol);
    if (livesInMemory(symbol)) {
      const home = slotPlace(low, symbol.type, symbol.name);
      storeScalar(low, home, value, symbol.declared);
      low.frame.storage.set(symbol, { kind: "memory", place: home, space });
    } else {
      low.frame.storage.set(symbol, { kind: "register", space });
      low.b.write(symbol, value);
    }
  });
}

function entryFrame(symbol: FunctionSymbol | undefined, resultType: Frame["resultType"]): Frame {
  return {
    storage: new Map(),
    outer: undefined,
    result: undefined,
    firstSlot: 0,
    resultType,
    function: symbol,
    loops: [],
  };
}

/** unproven is a parameter of a global function: callers may give nil, and memory of any kind. */
function unproven(low: Low, symbol: FunctionSymbol, index: number): Value {
  const value = low.b.parameter(index);
  const type = symbol.parameters[index]?.type;
  const of = type === undefined ? undefined : under(type);
  if (of?.kind === "pointer" && under(of.target).kind !== "context") value.nilable = true;
  return value;
}

function lowerBody(
  shared: Shared,
  symbol: FunctionSymbol,
  name: string,
  isProgram: boolean,
  sleeps = false,
): IrFunction {
  const { declaration } = symbol;
  const hasResult = symbol.type.result.kind !== "void";
  const fn = newFunction(name, symbol.parameters.length, true, declaration.name);
  fn.sleeps = sleeps;
  fn.isProgram = isProgram;
  const b = newBuilder(fn);
  const low = newLow(
    shared,
    b,
    entryFrame(symbol, symbol.type.result),
    isProgram ? b.parameter(0) : undefined,
  );
  const wide = symbol.parameters.find((parameter) => !isScalar(parameter.type));
  if (wide !== undefined) {
    const how = isProgram ? "a program" : "called, not inlined";
    const message = `${name} is ${how}: its parameters are integers and pointers`;
    refuse(low, "unsupported", wide.declared, message, "pass a pointer");
    // Nothing can be said of a body whose parameters have no place.
    b.ret(b.constant(0n, 32));
    b.finish();
    return fn;
  }
  bind(
    low,
    symbol.parameters.filter((parameter) => isScalar(parameter.type)),
    symbol.global ? (index) => unproven(low, symbol, index) : undefined,
  );
  declareResults(low, symbol);
  low.statement(low, declaration.body);
  if (b.block !== undefined && hasResult && (b.block.predecessors.length > 0 || b.block === fn.blocks[0])) {
    const end = declaration.body.end;
    refuse(
      low,
      "missing-return",
      { start: end - 1, end },
      `${name} can end without return`,
      "return 0 at its end",
    );
  }
  b.ret(b.constant(0n, 32));
  for (const block of fn.blocks) {
    if (block.end?.kind === "return" && block.end.value === undefined) {
      b.enter(block);
      block.end = undefined;
      b.ret(b.constant(0n, 32));
    }
  }
  b.finish();
  return fn;
}

/** subprogram gives a called function's code, lowering it the first time. */
function subprogram(low: Low, symbol: FunctionSymbol): IrFunction {
  const { shared } = low;
  const known = shared.subprograms.get(symbol);
  if (known !== undefined) {
    if (known.blocks.length === 0 || pending.has(known))
      refuse(
        low,
        "recursion",
        low.b.at,
        `${symbol.name} calls itself; BPF programs have no recursion`,
        "use a loop with a bound",
      );
    return known;
  }
  const placeholder = newFunction(symbol.linkName, symbol.parameters.length, true, symbol.declared);
  shared.subprograms.set(symbol, placeholder);
  pending.add(placeholder);
  const made = lowerBody(shared, symbol, symbol.linkName, false);
  if (symbol.global)
    placeholder.prototype = { parameters: symbol.type.parameters, result: symbol.type.result };
  placeholder.blocks.push(...made.blocks);
  placeholder.slots.push(...made.slots);
  placeholder.nextId = made.nextId;
  if (made.indexes === true) placeholder.indexes = true;
  pending.delete(placeholder);
  return placeholder;
}

/** pending are subprograms whose bodies are being lowered: a call to one is recursion. */
const pending = new WeakSet<IrFunction>();

function environmentOf(
  low: Low,
  captures: readonly VariableSymbol[],
):
  | { place: Place; address: Value; storages: Map<VariableSymbol, { storage: Storage; offset: number }> }
  | undefined {
  if (captures.length === 0) return undefined;
  // The literal gets one pointer: to a table of the addresses' frame. All captured variables live in this frame's slots,
  // so the table is not needed when there is one; several are reached through pointers kept in the table.
  const table = low.b.slot(captures.length * 8, "captures", true);
  const at: Place = {
    type: voidType,
    space: "stack",
    base: undefined,
    slot: table,
    offset: 0,
    core: undefined,
    align: 8,
  };
  const storages = new Map<VariableSymbol, { storage: Storage; offset: number }>();
  captures.forEach((symbol, i) => {
    const storage = storageOf(low, symbol);
    if (byValue(symbol)) {
      const { value } = readVariable(low, symbol);
      low.b.store(low.b.slotAddress(table, i * 8), 0, 8, wide(low, value, symbol.type));
      storages.set(symbol, { storage, offset: i * 8 });
      return;
    }
    if (storage.kind !== "memory") throw new Error(`the captured variable ${symbol.name} is not in memory`);
    low.b.store(low.b.slotAddress(table, i * 8), 0, 8, addressOf(low, storage.place));
    storages.set(symbol, { storage, offset: i * 8 });
  });
  return { place: at, address: low.b.slotAddress(table), storages };
}

/** callback lowers the body of bpf.Loop as a subprogram; variables it captures are reached through a table of pointers. */
function callback(
  low: Low,
  expr: Expr,
  shape: CallbackShape = loopShape(false),
): { code: IrFunction; environment: Value | undefined } {
  const { shared } = low;
  const inner = bare(expr);
  if (inner.kind === "name") {
    const symbol = shared.checked.symbols.get(inner.id);
    if (symbol?.kind === "function")
      return {
        code: callbackBody(shared, symbol.linkName, symbol.parameters, symbol, undefined, [], shape),
        environment: undefined,
      };
  }
  if (inner.kind !== "function") throw new Error("callbacks are functions");
  const info = shared.checked.literals.get(inner.id);
  const captures = [...(info?.captures ?? [])];
  low.b.at = { start: inner.start, end: inner.start + "func".length };
  if (captures.length > 0 && shape.environment === undefined) {
    refuse(
      low,
      "unsupported",
      inner,
      "this function runs when its surroundings are gone: it cannot use their variables",
      "keep what it needs in the map's value, or in a package variable",
    );
    return { code: newFunction(`callback_${inner.id}`, 0, true, inner), environment: undefined };
  }
  const environment = environmentOf(low, captures);
  const code = callbackBody(
    shared,
    `loop_${inner.id}`,
    info?.parameters ?? [],
    undefined,
    inner,
    captures.map((symbol) => {
      const found = environment?.storages.get(symbol);
      return { symbol, offset: found?.offset ?? 0, space: found?.storage.space };
    }),
    shape,
  );
  return { code, environment: environment?.address };
}

interface Capture {
  readonly symbol: VariableSymbol;
  readonly offset: number;
  readonly space: Space | undefined;
}

function callbackBody(
  shared: Shared,
  name: string,
  parameters: readonly VariableSymbol[],
  symbol: FunctionSymbol | undefined,
  literal: FunctionExpr | undefined,
  captures: readonly Capture[],
  shape: CallbackShape,
): IrFunction {
  const body = literal?.body ?? symbol?.declaration.body;
  const key = literal ?? symbol;
  if (body === undefined || key === undefined) throw new Error("a callback has a body");
  const resultType =
    symbol?.type.result ??
    (literal === undefined ? voidType : (shared.checked.literals.get(literal.id)?.type.result ?? voidType));
  const fn = newFunction(
    shared.subprograms.has(key) ? `${name}_${shared.subprograms.size}` : name,
    shape.parameters,
    true,
    {
      start: body.start,
      end: body.start + 1,
    },
  );
  fn.trapResult = shape.steady === true ? 0n : 1n;
  shared.subprograms.set(shared.subprograms.has(key) ? fn : key, fn);
  const b = newBuilder(fn);
  const low = newLow(shared, b, entryFrame(symbol, resultType), undefined);
  shape.bind(low, parameters, bind);
  if (captures.length > 0 && shape.environment !== undefined) {
    const table = b.parameter(shape.environment);
    for (const { symbol: captured, offset, space } of captures) {
      const base = b.load(table, offset, 8, false, 64);
      if (byValue(captured)) {
        const value = widthOf(captured.type) === 32 ? b.unary("trunc", base, 32) : base;
        low.frame.storage.set(captured, { kind: "register", space });
        b.write(captured, value);
        continue;
      }
      const at: Place = {
        type: captured.type,
        space: "stack",
        base,
        slot: undefined,
        offset: 0,
        core: undefined,
        align: 8,
      };
      low.frame.storage.set(captured, { kind: "memory", place: at, space });
    }
  }
  low.statement(low, body);
  b.ret(b.constant(0n, 32));
  // The verifier wants 0 or 1 from a loop's body; an index out of range ends the loop.
  for (const block of [...fn.blocks]) {
    if (block.end?.kind !== "return") continue;
    const { value, at } = block.end;
    b.enter(block);
    block.end = undefined;
    b.at = at;
    if (value === undefined) b.ret(b.constant(0n, 32));
    else if (value.op === "cmp" || (value.op === "const" && value.imm <= 1n)) b.ret(value);
    else b.ret(b.compare("ne", value, b.constant(0n, value.width)));
  }
  b.finish();
  return fn;
}

/** lowerProgram lowers a program; an index out of range ends it with what lets things pass, where 0 would not. */
function lowerProgram(shared: Shared, program: Program): IrFunction {
  const { kind, section } = program;
  const sleeps = kind.name === "syscall" || /^[^/]*\.s(\/|$)/.test(section);
  const code = lowerBody(shared, program.function, program.name, true, sleeps);
  if (kind.pass !== undefined && kind.returns !== undefined) code.trapResult = BigInt(kind.pass);
  return code;
}

/** lowerModule turns the checked tree into SSA: programs, and the subprograms they call. */
export function lowerModule(checked: Checked, report: Reporter, options: LowerOptions): Lowered {
  const shared: Shared = {
    checked,
    report,
    architecture: options.architecture,
    signedDivision: options.signedDivision,
    subprograms: new Map(),
    texts: new Map(),
  };
  const programs = checked.programs.map((program: Program) => ({
    name: program.name,
    section: program.section,
    code: lowerProgram(shared, program),
  }));
  for (const map of checked.maps) {
    const maps = map.type.row.family === "maps";
    const known = new Set((maps ? checked.maps : checked.programs).map((each) => each.name));
    for (const { name, at } of map.initial ?? [])
      if (!known.has(name))
        report.error(
          "undefined",
          at,
          `${name} is no ${maps ? "map" : "program"} of this object`,
          maps ? "declare it as a package variable" : "give the function its hook, e.g. // @xdp",
        );
  }
  return {
    programs,
    subprograms: [...shared.subprograms.values()].filter((fn) => fn.blocks.length > 0),
    texts: shared.texts,
  };
}
