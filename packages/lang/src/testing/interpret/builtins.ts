import type { CallExpr, Expr } from "../../syntax/ast.js";
import { bare } from "../../types/convert.js";
import type { MapSymbol } from "../../types/symbols.js";
import { sizeOf, type Type, under } from "../../types/type.js";
import { swapBytes } from "./integers.js";
import { integer, type Machine, pointer, Trap, typeOf } from "./machine.js";
import { operandBytes, reserve } from "./map-methods.js";
import { keyText, remove, update } from "./maps.js";
import { type Datum, newMemory, type Pointer, store, Unsupported, word } from "./memory.js";

/** Call is a builtin's call under interpretation. */
interface Call {
  readonly machine: Machine;
  readonly types: readonly Type[];
  readonly expr: CallExpr;
}

type Builtin = (call: Call) => Datum;

function argument({ expr }: Call, index: number): Expr {
  const found = expr.arguments[index];
  if (found === undefined) throw new Error("argument counts are checked before");
  return found;
}

const integerAt = (c: Call, index: number): bigint => integer(c.machine, argument(c, index));

/** target is where a pointer argument points, and how many bytes there are. */
function target(c: Call, index: number): { at: Pointer; size: number } {
  const of = under(typeOf(c.machine, argument(c, index)));
  if (of.kind !== "pointer") throw new Unsupported("this argument");
  return { at: pointer(c.machine, argument(c, index)), size: sizeOf(of.target) };
}

/** inside is a stretch of bytes of an argument, whose start must be within it. */
function inside(at: Pointer, size: number, index: bigint, length: number): Pointer {
  if (BigInt.asUintN(64, index) > BigInt.asUintN(64, BigInt(size - length)))
    throw new Trap(`${length} bytes at ${index} of ${size}`);
  return { memory: at.memory, offset: at.offset + Number(index) };
}

const loadAt =
  (length: number): Builtin =>
  (c) => {
    const { at, size } = target(c, 0);
    return word(inside(at, size, integerAt(c, 1), length), length);
  };

const swapped =
  (bits: number): Builtin =>
  (c) =>
    swapBytes(integerAt(c, 0), bits);

const hasPrefix: Builtin = (c) => {
  const { at, size } = target(c, 0);
  const text = c.machine.checked.constants.get(argument(c, 1).id);
  if (typeof text !== "string") throw new Unsupported("this prefix");
  const index = c.expr.arguments.length > 2 ? integerAt(c, 2) : 0n;
  const { memory, offset } = inside(at, size, index, text.length);
  for (let i = 0; i < text.length; i++)
    if (memory.view.getUint8(offset + i) !== text.charCodeAt(i)) return false;
  return true;
};

const packet: Builtin = (c) => {
  const size = BigInt(sizeOf(c.types[0] ?? { kind: "void" }));
  const offset = BigInt.asUintN(64, integerAt(c, 1));
  // The verifier knows no packet offset above 0xffff.
  const fits = offset + size <= BigInt(c.machine.packet.bytes.length) && offset <= 0xffffn - size;
  return fits ? { memory: c.machine.packet, offset: Number(offset) } : undefined;
};

/** loop runs the body, which ends it by 1 or true; an index out of range ends it too. */
const loop: Builtin = (c) => {
  const { machine } = c;
  const count = BigInt.asUintN(32, integerAt(c, 0));
  const literal = bare(argument(c, 1));
  const info = machine.checked.literals.get(literal.id);
  const [index] = info?.parameters ?? [];
  if (literal.kind !== "function" || index === undefined) throw new Unsupported("this body of a loop");
  for (let i = 0n; i < count; i++) {
    const memory = newMemory(sizeOf(index.type));
    store({ memory, offset: 0, type: index.type }, i);
    machine.variables.set(index, memory);
    try {
      const done = machine.statement(machine, literal.body);
      if (done?.kind === "return" && done.value !== false && done.value !== 0n) return i + 1n;
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      return i + 1n;
    }
  }
  return count;
};

function mapOf(c: Call): MapSymbol {
  const first = bare(argument(c, 0));
  const symbol = c.machine.checked.symbols.get(bare(first.kind === "unary" ? first.operand : first).id);
  if (symbol?.kind !== "map") throw new Unsupported("this map");
  return symbol;
}

const mapLookup: Builtin = (c) => {
  const map = mapOf(c);
  const key = operandBytes(c.machine, argument(c, 1), map.type.key);
  const { at } = target(c, 2);
  const found = c.machine.maps.get(map)?.values.get(keyText(key));
  if (found !== undefined) at.memory.bytes.set(found.bytes, at.offset);
  return found === undefined ? -1n : 0n;
};

const mapUpdate: Builtin = (c) => {
  const map = mapOf(c);
  const state = c.machine.maps.get(map);
  if (state === undefined) throw new Unsupported("this map");
  const key = operandBytes(c.machine, argument(c, 1), map.type.key);
  const value = operandBytes(c.machine, argument(c, 2), map.type.value);
  return update(state, key, value, c.expr.arguments.length > 3 ? integerAt(c, 3) : 0n);
};

const mapDelete: Builtin = (c) => {
  const map = mapOf(c);
  const state = c.machine.maps.get(map);
  if (state === undefined) throw new Unsupported("this map");
  return remove(state, operandBytes(c.machine, argument(c, 1), map.type.key));
};

const extreme =
  (picks: (a: bigint, b: bigint) => boolean): Builtin =>
  (c) => {
    const [a, b] = [integerAt(c, 0), integerAt(c, 1)];
    return picks(a, b) ? a : b;
  };

const builtins: Readonly<Record<string, Builtin>> = {
  Load8: loadAt(1),
  Load16: loadAt(2),
  Load32: loadAt(4),
  Load64: loadAt(8),
  Ntohs: swapped(16),
  Htons: swapped(16),
  Ntohl: swapped(32),
  Htonl: swapped(32),
  Ntohll: swapped(64),
  Htonll: swapped(64),
  HasPrefix: hasPrefix,
  Packet: packet,
  Loop: loop,
  Reserve: (c) => reserve(c.machine, mapOf(c), c.types[0] ?? { kind: "void" }),
  SizeOf: (c) => BigInt(sizeOf(c.types[0] ?? { kind: "void" })),
  Zero: (c) => {
    const { at, size } = target(c, 0);
    at.memory.bytes.fill(0, at.offset, at.offset + size);
    return undefined;
  },
  Copy: (c) => {
    const [to, from] = [target(c, 0), target(c, 1)];
    const bytes = from.at.memory.bytes.slice(from.at.offset, from.at.offset + from.size);
    to.at.memory.bytes.set(bytes, to.at.offset);
    return undefined;
  },
  min: extreme((a, b) => a < b),
  max: extreme((a, b) => a > b),
  MapLookup: mapLookup,
  MapUpdate: mapUpdate,
  MapDelete: mapDelete,
};

/** builtin interprets a call of a builtin. */
export function builtin(machine: Machine, name: string, types: readonly Type[], expr: CallExpr): Datum {
  const found = builtins[name];
  if (found === undefined) throw new Unsupported(`the builtin ${name}`);
  return found({ machine, types, expr });
}
