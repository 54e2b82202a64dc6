import { postorder } from "../ir/dominators.js";
import {
  type Block,
  type IrFunction,
  newValue,
  opRows,
  replaceAll,
  type Slot,
  type Value,
} from "../ir/ir.js";
import { shapeMax } from "../ir/range.js";
import { bytesRead, effectOf, readsOnly } from "./effects.js";
import type { Pass } from "./pass.js";
import { escapedRoots, isRecord, isSlot, placeOf, type Root } from "./places.js";

/** Cell is what a few bytes of memory are known to hold. */
interface Cell {
  readonly offset: number;
  readonly size: number;
  readonly value: Value;
  /** loaded cells hold the value as a load of this kind gives it; others what a store of their size wrote. */
  readonly loaded: { readonly signed: boolean } | undefined;
}

/** Known is what memory holds at one place of the program, by what addresses are based on. */
type Known = Map<Root, readonly Cell[]>;

interface Access {
  readonly base: Root;
  readonly offset: number | undefined;
  /** own memory is changed by nothing but accesses based on it. */
  readonly own: boolean;
}

/** accessOf follows an address to what it is based on: a slot, a record, or any pointer. */
function accessOf(value: Value, hidden: ReadonlySet<Root>): Access | undefined {
  const [address] = value.args;
  if (address === undefined || value.core !== undefined) return undefined;
  const place = placeOf(address);
  if (place !== undefined) {
    const offset = place.offset === undefined ? undefined : place.offset + Number(value.imm);
    return { base: place.root, offset, own: !hidden.has(place.root) };
  }
  let at = address;
  let offset = Number(value.imm);
  for (let steps = 0; steps < 16; steps++) {
    const [base, by] = at.args;
    if (at.op !== "add" || base === undefined || by?.op !== "const") break;
    offset += Number(BigInt.asIntN(64, by.imm));
    at = base;
  }
  // A computed address may lie in any object that its parts point to.
  return { base: at, offset, own: false };
}

/** areaOf names memory that others cannot reach: a map's values, a variable. */
function areaOf(root: Root): string | undefined {
  if (isSlot(root)) return undefined;
  if (root.op === "global" && root.global?.kind === "global") return `global ${root.global.name}`;
  const [map] = root.args;
  return root.op === "call" && root.imm === 1n && map?.op === "map" ? `map ${map.map?.name}` : undefined;
}

/** mayMeet tells whether two pointers that are not one may lead to the same bytes. */
function mayMeet(a: Root, b: Root): boolean {
  const [x, y] = [areaOf(a), areaOf(b)];
  return x === undefined || y === undefined || x === y;
}

/** forget drops what a write may have changed. */
function forget(known: Known, access: Access | undefined, size: number, hidden: ReadonlySet<Root>): void {
  for (const [root, cells] of known) {
    if (access !== undefined && root === access.base) {
      const { offset } = access;
      if (offset === undefined) known.delete(root);
      else
        known.set(
          root,
          cells.filter((cell) => cell.offset + cell.size <= offset || offset + size <= cell.offset),
        );
    } else if (access?.own === true) continue;
    else if ((isSlot(root) || isRecord(root)) && !hidden.has(root)) continue;
    else if (access === undefined || mayMeet(root, access.base)) known.delete(root);
  }
}

/** forgetCall drops what a call may have changed. */
function forgetCall(known: Known, value: Value, hidden: ReadonlySet<Root>): void {
  const effect = effectOf(value);
  if (effect === "nothing") return;
  value.args.forEach((arg, i) => {
    const place = placeOf(arg);
    if (place !== undefined && !readsOnly(value, i)) known.delete(place.root);
  });
  for (const root of [...known.keys()]) {
    const own = (isSlot(root) || isRecord(root)) && !hidden.has(root);
    if (!own && !(effect === "maps" && areaOf(root)?.startsWith("global") === true)) known.delete(root);
  }
}

const masked = (value: bigint, size: number): bigint => BigInt.asUintN(size * 8, value);

/** constantAt reads bytes out of constants that are known to be there. */
function constantAt(cells: readonly Cell[], offset: number, size: number): bigint | undefined {
  let word = 0n;
  for (let i = 0; i < size; i++) {
    const at = offset + i;
    const cell = cells.find((each) => each.offset <= at && at < each.offset + each.size);
    if (cell?.value.op !== "const") return undefined;
    word |= ((masked(cell.value.imm, cell.size) >> BigInt(8 * (at - cell.offset))) & 0xffn) << BigInt(8 * i);
  }
  return word;
}

/** loadedValue is the value that a load gives, when it is known. */
function loadedValue(load: Value, cells: readonly Cell[], offset: number): Value | bigint | undefined {
  const word = constantAt(cells, offset, load.size);
  if (word !== undefined)
    return BigInt.asUintN(load.width, load.signed ? BigInt.asIntN(load.size * 8, word) : word);
  const cell = cells.find((each) => each.offset === offset && each.size === load.size);
  if (cell === undefined || cell.value.width !== load.width) return undefined;
  if (cell.loaded !== undefined) return cell.loaded.signed === load.signed ? cell.value : undefined;
  if (load.size === 8) return cell.value;
  // A store of 32 bits takes all of a 32-bit value; narrower ones may cut.
  if (load.size === 4 && load.width === 32) return cell.value;
  const most = shapeMax(cell.value);
  return !load.signed && most !== undefined && most < 1n << BigInt(load.size * 8) ? cell.value : undefined;
}

function sameValue(a: Value, b: Value, size: number): boolean {
  return a === b || (a.op === "const" && b.op === "const" && masked(a.imm, size) === masked(b.imm, size));
}

/** meet keeps what holds on all ways to a block. */
function meet(ways: readonly Known[]): Known {
  const [first, ...rest] = ways;
  const found: Known = new Map();
  for (const [root, cells] of first ?? []) {
    const kept = cells.filter((cell) =>
      rest.every((way) =>
        way
          .get(root)
          ?.some(
            (other) =>
              other.offset === cell.offset &&
              other.size === cell.size &&
              other.loaded?.signed === cell.loaded?.signed &&
              (other.loaded === undefined) === (cell.loaded === undefined) &&
              (other.value === cell.value ||
                (other.loaded === undefined && sameValue(other.value, cell.value, cell.size))),
          ),
      ),
    );
    if (kept.length > 0) found.set(root, kept);
  }
  return found;
}

interface Forwarder {
  readonly fn: IrFunction;
  readonly hidden: ReadonlySet<Root>;
  readonly mapping: Map<Value, Value>;
  readonly dropped: Set<Value>;
}

/** cellLimit bounds what is remembered of one object. */
const cellLimit = 64;

function remember(known: Known, base: Root, cell: Cell): void {
  const cells = known.get(base) ?? [];
  if (cells.length < cellLimit) known.set(base, [...cells, cell]);
}

function forwardLoad(f: Forwarder, known: Known, value: Value): void {
  const access = accessOf(value, f.hidden);
  if (access?.offset === undefined || (!access.own && placeOf(value.args[0] ?? value) !== undefined)) return;
  const found = loadedValue(value, known.get(access.base) ?? [], access.offset);
  if (typeof found === "bigint") {
    value.op = "const";
    value.args = [];
    value.imm = found;
    value.signed = false;
  } else if (found !== undefined) f.mapping.set(value, found);
  else
    remember(known, access.base, {
      offset: access.offset,
      size: value.size,
      value,
      loaded: { signed: value.signed },
    });
}

function forwardStore(f: Forwarder, known: Known, value: Value): void {
  const access = accessOf(value, f.hidden);
  const stored = f.mapping.get(value.args[1] ?? value) ?? value.args[1];
  if (access === undefined || stored === undefined) {
    forget(known, undefined, 0, f.hidden);
    return;
  }
  const { base, offset } = access;
  if (access.own && offset !== undefined) {
    const cells = known.get(base) ?? [];
    const before = cells.find((each) => each.offset === offset && each.size === value.size);
    const same =
      before !== undefined && before.loaded === undefined && sameValue(before.value, stored, value.size);
    const equal =
      stored.op === "const" && constantAt(cells, offset, value.size) === masked(stored.imm, value.size);
    if (same || equal) {
      f.dropped.add(value);
      return;
    }
  }
  forget(known, access, value.size, f.hidden);
  const seen = access.own || placeOf(value.args[0] ?? value) === undefined;
  if (offset !== undefined && seen)
    remember(known, base, { offset, size: value.size, value: stored, loaded: undefined });
}

/** twinOf finds another slot whose first bytes are the same: a key that was put on the stack before. */
function twinOf(slot: Slot, size: number, known: Known, hidden: ReadonlySet<Root>): Slot | undefined {
  const cells = known.get(slot)?.filter((cell) => cell.loaded === undefined && cell.offset < size) ?? [];
  if (cells.reduce((sum, cell) => sum + cell.size, 0) < size) return undefined;
  for (const [other, theirs] of known) {
    // An older one only, or two would take each other's place by turns.
    if (!isSlot(other) || other.id >= slot.id || hidden.has(other) || other.size !== slot.size) continue;
    const equal = cells.every((cell) =>
      theirs.some(
        (each) =>
          each.loaded === undefined &&
          each.offset === cell.offset &&
          each.size === cell.size &&
          sameValue(each.value, cell.value, cell.size),
      ),
    );
    if (equal) return other;
  }
  return undefined;
}

/** shareKeys lets a call that only reads a slot read an older one that holds the same. */
function shareKeys(f: Forwarder, known: Known, value: Value): void {
  value.args.forEach((arg, i) => {
    if (arg.op !== "slot" || arg.slot === undefined || arg.imm !== 0n || !readsOnly(value, i)) return;
    if (f.hidden.has(arg.slot)) return;
    const size = bytesRead(value, i);
    const twin = size === undefined ? undefined : twinOf(arg.slot, size, known, f.hidden);
    if (twin === undefined) return;
    const address = newValue(f.fn, value.block, "slot", 64, [], value.at);
    address.slot = twin;
    twin.to = Math.max(twin.to, arg.slot.to);
    value.args[i] = address;
    value.block.values.splice(value.block.values.indexOf(value), 0, address);
  });
}

function forwardBlock(f: Forwarder, block: Block, known: Known): void {
  for (const value of [...block.values]) {
    for (let i = 0; i < value.args.length; i++) {
      const arg = value.args[i];
      const instead = arg === undefined || value.op === "phi" ? undefined : f.mapping.get(arg);
      if (instead !== undefined) value.args[i] = instead;
    }
    if (value.op === "load") forwardLoad(f, known, value);
    else if (value.op === "store") forwardStore(f, known, value);
    else if (value.op === "atomic") forget(known, accessOf(value, f.hidden), value.size, f.hidden);
    else if (!opRows[value.op].pure) {
      if (value.op === "call") shareKeys(f, known, value);
      forgetCall(known, value, f.hidden);
    }
  }
}

/** forwardMemory gives loads what is known to be in memory, and drops stores of what is there already. */
export const forwardMemory: Pass = {
  name: "forward-memory",
  needs: ["no-traps", "folded"],
  gives: [],
  run(fn) {
    const f: Forwarder = { fn, hidden: escapedRoots(fn), mapping: new Map(), dropped: new Set() };
    const after = new Map<Block, Known>();
    for (const block of postorder(fn).reverse()) {
      const ways = block.predecessors.map((from) => after.get(from));
      // A way back from a loop's end was not seen yet: nothing is known then.
      const known: Known = ways.some((way) => way === undefined)
        ? new Map()
        : meet(ways.flatMap((way) => (way === undefined ? [] : [way])));
      forwardBlock(f, block, known);
      after.set(block, known);
    }
    replaceAll(fn, f.mapping);
    const gone = (value: Value): boolean => f.mapping.has(value) || f.dropped.has(value);
    for (const block of fn.blocks)
      if (block.values.some(gone)) block.values = block.values.filter((value) => !gone(value));
  },
};
