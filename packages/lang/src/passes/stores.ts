import { HelperFunction } from "@go3s/bpf";
import { postorder } from "../ir/dominators.js";
import { type Block, opRows, successors, type Value } from "../ir/ir.js";
import { effectOf, sizedHelper } from "./effects.js";
import type { Pass } from "./pass.js";
import { escapedRoots, isSlot, type Place, placeOf, type Root } from "./places.js";

/** Coverage says, going backwards, which bytes of each root are written before anything reads them: one bit each. */
type Coverage = Map<Root, bigint>;

const bytesAt = (offset: number, size: number): bigint =>
  offset < 0 ? 0n : ((1n << BigInt(size)) - 1n) << BigInt(offset);

function readBy(coverage: Coverage, place: Place, size: number): void {
  if (place.offset === undefined) coverage.delete(place.root);
  else coverage.set(place.root, (coverage.get(place.root) ?? 0n) & ~bytesAt(place.offset, size));
}

function cover(coverage: Coverage, place: Place, size: number): void {
  if (place.offset === undefined) return;
  coverage.set(place.root, (coverage.get(place.root) ?? 0n) | bytesAt(place.offset, size));
}

/** hiddenRead: what others hold the address of may be read by anything. */
function hiddenRead(coverage: Coverage, hidden: ReadonlySet<Root>): void {
  for (const root of hidden) coverage.delete(root);
}

function callReads(value: Value, coverage: Coverage, hidden: ReadonlySet<Root>): void {
  hiddenRead(coverage, hidden);
  const sized = effectOf(value) === "given" ? sizedHelper(value) : undefined;
  const memory = sized === undefined ? undefined : value.args[sized.memory];
  const size = sized === undefined ? undefined : value.args[sized.size];
  const written = memory === undefined ? undefined : placeOf(memory);
  // The string readers stop at the text's end; the others fill all they were given, with zeros when they fail.
  const stops =
    stringReaders.has(value.imm) && (written === undefined || isSlot(written.root) || !written.root.textual);
  const fills = written !== undefined && size?.op === "const" && !stops;
  if (fills) cover(coverage, written, Number(size.imm));
  for (const arg of value.args) {
    const place = arg === memory ? undefined : placeOf(arg);
    if (place !== undefined) coverage.delete(place.root);
  }
  // A record that is given back unsent is read by nobody.
  const [record] = value.args;
  const place = record === undefined ? undefined : placeOf(record);
  if (value.op === "call" && value.imm === discard && place !== undefined)
    coverage.set(place.root, everyByte);
}

const stringReaders: ReadonlySet<bigint> = new Set(
  [
    HelperFunction.probe_read_str,
    HelperFunction.probe_read_kernel_str,
    HelperFunction.probe_read_user_str,
  ].map(BigInt),
);

const discard = BigInt(HelperFunction.ringbuf_discard);

/** everyByte has all bits, however many bytes a root has. */
const everyByte = -1n;

interface Stores {
  readonly hidden: ReadonlySet<Root>;
  readonly roots: ReadonlySet<Root>;
  /** atStart is the coverage where each block begins; blocks that are not there yet are covered whole. */
  readonly atStart: Map<Block, Coverage>;
}

/** atEnd is what is covered behind a block: nothing reads the stack where the function ends. */
function atEnd(s: Stores, block: Block): Coverage {
  const next = successors(block);
  const coverage: Coverage = new Map();
  if (next.length === 0) {
    for (const root of s.roots) if (isSlot(root)) coverage.set(root, everyByte);
    return coverage;
  }
  for (const root of s.roots) {
    let bits = everyByte;
    for (const to of next) {
      const known = s.atStart.get(to);
      if (known !== undefined) bits &= known.get(root) ?? 0n;
    }
    if (bits !== 0n) coverage.set(root, bits);
  }
  return coverage;
}

/** back goes through a block from its end; `dead` gets the stores that are covered. */
function back(s: Stores, block: Block, coverage: Coverage, dead: Set<Value> | undefined): void {
  const { hidden } = s;
  for (let i = block.values.length - 1; i >= 0; i--) {
    const value = block.values[i];
    if (value === undefined || opRows[value.op].pure) continue;
    const [address] = value.args;
    const place = address === undefined ? undefined : placeOf(address);
    const offset = place?.offset === undefined ? undefined : place.offset + Number(value.imm);
    if (value.op === "store") {
      if (place === undefined || offset === undefined || hidden.has(place.root)) continue;
      const bytes = bytesAt(offset, value.size);
      const known = coverage.get(place.root) ?? 0n;
      if (dead !== undefined && (known & bytes) === bytes) dead.add(value);
      else coverage.set(place.root, known | bytes);
    } else if (value.op === "load" || value.op === "atomic") {
      if (place === undefined) hiddenRead(coverage, hidden);
      else readBy(coverage, { root: place.root, offset }, value.size);
    } else {
      callReads(value, coverage, hidden);
      if (value.owned) coverage.delete(value);
    }
  }
}

function isEqual(a: Coverage, b: Coverage | undefined): boolean {
  if (b === undefined || a.size !== b.size) return false;
  for (const [root, bits] of a) if (b.get(root) !== bits) return false;
  return true;
}

/** roundLimit bounds the walk through nested loops; behind it nothing is dropped. */
const roundLimit = 12;

/** dropDeadStores removes writes that are written over, on every way, before anything reads them. */
export const dropDeadStores: Pass = {
  name: "drop-dead-stores",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    const hidden = escapedRoots(fn);
    const roots = new Set<Root>();
    for (const block of fn.blocks) {
      for (const value of block.values) {
        const [address] = value.args;
        const root = value.op === "store" && address !== undefined ? placeOf(address)?.root : undefined;
        if (root !== undefined && !hidden.has(root)) roots.add(root);
      }
    }
    if (roots.size === 0) return;
    const s: Stores = { hidden, roots, atStart: new Map() };
    const order = postorder(fn);
    let changed = true;
    for (let round = 0; changed; round++) {
      if (round === roundLimit) return;
      changed = false;
      for (const block of order) {
        const coverage = atEnd(s, block);
        back(s, block, coverage, undefined);
        if (isEqual(coverage, s.atStart.get(block))) continue;
        s.atStart.set(block, coverage);
        changed = true;
      }
    }
    for (const block of order) {
      const dead = new Set<Value>();
      back(s, block, atEnd(s, block), dead);
      if (dead.size > 0) block.values = block.values.filter((value) => !dead.has(value));
    }
  },
};
