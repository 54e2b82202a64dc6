import { HelperFunction } from "@go3s/bpf";
import { type Block, type IrFunction, type Slot, successors, usesOf, type Value } from "../ir/ir.js";
import { sizedHelpers } from "../types/helpers.js";
import type { Pass } from "./pass.js";

/** Root is memory only this program sees: a slot of the stack, or a ring-buffer record before it is submitted. */
type Root = Slot | Value;

interface Place {
  readonly root: Root;
  /** offset is undefined when it is not constant. */
  readonly offset: number | undefined;
}

const sizedById = new Map(
  Object.entries(sizedHelpers).flatMap(([name, row]) =>
    Object.entries(HelperFunction)
      .filter(([helper]) => helper === name)
      .map(([, id]) => [BigInt(id), row] as const),
  ),
);

/** placeOf follows an address to its root. */
function placeOf(address: Value): Place | undefined {
  let at = address;
  let offset: number | undefined = 0;
  for (let steps = 0; steps < 16; steps++) {
    if (at.op === "slot" && at.slot !== undefined) {
      return { root: at.slot, offset: offset === undefined ? undefined : offset + Number(at.imm) };
    }
    if (at.owned) return { root: at, offset };
    const [base, by] = at.args;
    if (at.op !== "add" || base === undefined || by === undefined) return undefined;
    offset =
      offset === undefined || by.op !== "const" ? undefined : offset + Number(BigInt.asIntN(64, by.imm));
    at = base;
  }
  return undefined;
}

/** escaped finds roots whose address goes where it cannot be followed. */
function escaped(fn: IrFunction): Set<Root> {
  const found = new Set<Root>();
  const leave = (value: Value | undefined): void => {
    const place = value === undefined ? undefined : placeOf(value);
    if (place !== undefined) found.add(place.root);
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const followed =
        value.op === "load" ||
        value.op === "cmp" ||
        value.op === "call" ||
        value.op === "add" ||
        value.op === "atomic";
      if (value.op === "store") leave(value.args[1]);
      else if (!followed) value.args.forEach(leave);
      else if (value.op === "add" && placeOf(value) === undefined) value.args.forEach(leave);
    }
    for (const value of usesOf(block.end)) if (value.op !== "cmp") leave(value);
  }
  return found;
}

/** Coverage says, going backwards, which bytes of each root are written before anything reads them. */
type Coverage = Map<Root, Set<number>>;

function bytesOf(coverage: Coverage, root: Root): Set<number> {
  let found = coverage.get(root);
  if (found === undefined) {
    found = new Set();
    coverage.set(root, found);
  }
  return found;
}

function readBy(coverage: Coverage, place: Place, size: number): void {
  if (place.offset === undefined) coverage.delete(place.root);
  else for (let i = 0; i < size; i++) coverage.get(place.root)?.delete(place.offset + i);
}

function cover(coverage: Coverage, place: Place, size: number): void {
  if (place.offset === undefined) return;
  const bytes = bytesOf(coverage, place.root);
  for (let i = 0; i < size; i++) bytes.add(place.offset + i);
}

function callEffects(value: Value, coverage: Coverage, hidden: ReadonlySet<Root>): void {
  for (const root of hidden) coverage.delete(root);
  const sized = value.op === "call" ? sizedById.get(value.imm) : undefined;
  const memory = sized?.writes === true ? value.args[sized.memory] : undefined;
  const size = sized === undefined ? undefined : value.args[sized.size];
  const written = memory === undefined ? undefined : placeOf(memory);
  // The string readers stop at the text's end; the others fill all they were given, with zeros when they fail.
  const fills = written !== undefined && size?.op === "const" && !stringReaders.has(value.imm);
  if (fills) cover(coverage, written, Number(size.imm));
  for (const arg of value.args) {
    const place = arg === memory ? undefined : placeOf(arg);
    if (place !== undefined) coverage.delete(place.root);
  }
}

const stringReaders: ReadonlySet<bigint> = new Set(
  [
    HelperFunction.probe_read_str,
    HelperFunction.probe_read_kernel_str,
    HelperFunction.probe_read_user_str,
  ].map(BigInt),
);

/** everything on the stack is covered where the function ends: nothing reads it. */
function everything(block: Block, slots: ReadonlySet<Slot>): Coverage {
  const coverage: Coverage = new Map();
  if (successors(block).length > 0) return coverage;
  for (const slot of slots) coverage.set(slot, new Set(Array.from({ length: slot.size }, (_, i) => i)));
  return coverage;
}

/** dropDeadStores removes writes that are written over before anything reads them, as clearing a variable that is then filled. */
export const dropDeadStores: Pass = {
  name: "drop-dead-stores",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    const hidden = escaped(fn);
    const slots = new Set(fn.slots.filter((slot) => !hidden.has(slot)));
    for (const block of fn.blocks) {
      const coverage = everything(block, slots);
      const dead = new Set<Value>();
      for (const value of block.values.toReversed()) {
        const [address] = value.args;
        const place = address === undefined ? undefined : placeOf(address);
        if (value.op === "store") {
          if (place?.offset === undefined || hidden.has(place.root)) continue;
          const bytes = coverage.get(place.root);
          const from = place.offset + Number(value.imm);
          let over = bytes !== undefined;
          for (let i = 0; i < value.size && over; i++) over = bytes?.has(from + i) === true;
          if (over) dead.add(value);
          else cover(coverage, { root: place.root, offset: from }, value.size);
        } else if (value.op === "load" || value.op === "atomic") {
          if (place === undefined) for (const root of hidden) coverage.delete(root);
          else
            readBy(
              coverage,
              {
                root: place.root,
                offset: place.offset === undefined ? undefined : place.offset + Number(value.imm),
              },
              value.size,
            );
        } else if (value.op === "call" || value.op === "callk" || value.op === "callfn") {
          callEffects(value, coverage, hidden);
          if (value.owned) coverage.delete(value);
        }
      }
      if (dead.size > 0) block.values = block.values.filter((value) => !dead.has(value));
    }
  },
};
