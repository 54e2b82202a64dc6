import { postorder } from "../ir/dominators.js";
import type { Block, IrFunction, Value } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import { nilFact } from "./nil.js";
import { giveBackAt, givenBack, isRecordRelease, isTailCall, wordsFor } from "./owned-objects.js";
import type { Pass } from "./pass.js";

// What can be true of a reservation at a point, as bits: several ways may meet there.
const HELD = 1;
const GIVEN_BACK = 2;
const NIL = 4;

function isRelease(value: Value): boolean {
  return givenBack(value) !== undefined;
}

/** roots finds the reservations a pointer can be, through phis and offsets. */
function roots(value: Value, seen: Set<Value> = new Set()): Set<Value> {
  const found = new Set<Value>();
  if (seen.has(value)) return found;
  seen.add(value);
  if (value.owned) found.add(value);
  else if (value.op === "phi")
    for (const arg of value.args) for (const root of roots(arg, seen)) found.add(root);
  else if (value.op === "add" && value.args[0] !== undefined) return roots(value.args[0], seen);
  return found;
}

interface Walk {
  readonly reservation: Value;
  readonly report: Reporter | undefined;
  /** told is set once something was reported of this reservation: what follows from it is no second mistake. */
  told: boolean;
  readonly rootsOf: (value: Value) => Set<Value>;
}

/** step is what one instruction does to a reservation; with a reporter it tells what is wrong. */
function step(walk: Walk, state: number, value: Value): number {
  const { reservation, report } = walk;
  const words = wordsFor(reservation);
  if (value === reservation) {
    if ((state & HELD) !== 0) {
      report?.error(
        "reservation-lost",
        value.at,
        words.thing === "record"
          ? "the loop reserves again while the record before is still held"
          : `the loop takes another ${words.thing} while the one before is still held`,
        `${words.way} in each round`,
      );
    }
    return HELD | NIL;
  }
  if ((state & HELD) !== 0 && isTailCall(value) && !walk.told) {
    report?.error(
      "reservation-lost",
      reservation.at,
      `this ${words.thing} is still held when another program is called`,
      `${words.way} before bpf.TailCall`,
      [{ ...value.at, message: "it goes on there, and does not come back" }],
    );
    walk.told = report !== undefined;
  }
  if (value.op === "phi" || value.op === "cmp") return state;
  const touches = value.args.some((arg) => walk.rootsOf(arg).has(reservation));
  if (!touches) return state;
  if ((state & GIVEN_BACK) !== 0) {
    const what = isRelease(value)
      ? `this ${words.thing} was given back already on some path`
      : `this ${words.thing} was given back already and must not be used`;
    if (!walk.told)
      report?.error("reservation-reused", value.at, what, `${words.way} once, last`, [
        { ...reservation.at, message: words.where },
      ]);
    walk.told = report !== undefined;
    return isRelease(value) ? GIVEN_BACK : state;
  }
  const taken = givenBack(value);
  if (taken !== undefined && walk.rootsOf(taken).has(reservation)) return GIVEN_BACK;
  // The table of what a function literal captures lives only while the literal runs.
  const captured = value.args[0]?.op === "slot" && value.args[0].slot?.name === "captures";
  const stored =
    !captured &&
    value.op === "store" &&
    value.args[1] !== undefined &&
    walk.rootsOf(value.args[1]).has(reservation);
  if (stored)
    report?.error(
      "reservation-lost",
      value.at,
      words.thing === "record" ? "a reservation cannot be stored" : `this ${words.thing} cannot be stored`,
      `${words.way} in this function`,
    );
  return state;
}

function alongEdge(reservation: Value, state: number, from: Block, to: Block): number {
  const fact = nilFact(from, to);
  if (fact === undefined || fact.value !== reservation) return state;
  return fact.isNil ? state & NIL : state & ~NIL;
}

/** givenAway tells whether a reservation goes to code of its own that tries to give it back: that is told there. */
function givenAway(fn: IrFunction, reservation: Value, rootsOf: Walk["rootsOf"]): boolean {
  const callees = new Set<IrFunction>();
  let leaves = false;
  for (const block of fn.blocks) {
    for (const value of block.values) {
      if (value.func !== undefined) callees.add(value.func);
      const stored =
        value.op === "store" && value.args[1] !== undefined && rootsOf(value.args[1]).has(reservation);
      const passed = value.op === "callfn" && value.args.some((arg) => rootsOf(arg).has(reservation));
      leaves ||= stored || passed;
    }
  }
  return leaves && [...callees].some((callee) => callee.blocks.some((block) => block.values.some(isRelease)));
}

function analyse(fn: IrFunction, reservation: Value, rootsOf: Walk["rootsOf"], report: Reporter): void {
  const order = postorder(fn).reverse();
  const entering = new Map<Block, number>();
  const quiet: Walk = { reservation, report: undefined, told: false, rootsOf };
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of order) {
      let state = entering.get(block) ?? 0;
      for (const value of block.values) state = step(quiet, state, value);
      const { end } = block;
      const next = end?.kind === "jump" ? [end.to] : end?.kind === "branch" ? [end.yes, end.no] : [];
      for (const to of next) {
        const merged = (entering.get(to) ?? 0) | alongEdge(reservation, state, block, to);
        if (merged !== (entering.get(to) ?? 0)) {
          entering.set(to, merged);
          changed = true;
        }
      }
    }
  }
  const words = wordsFor(reservation);
  const loud: Walk = { reservation, report, told: givenAway(fn, reservation, rootsOf), rootsOf };
  for (const block of order) {
    let state = entering.get(block) ?? 0;
    for (const value of block.values) state = step(loud, state, value);
    const { end } = block;
    if ((state & HELD) === 0 || end === undefined || end.kind === "jump" || end.kind === "branch") continue;
    if (end.kind === "trap" && state === HELD) giveBackAt(fn, block, reservation);
    else if (!loud.told) {
      loud.told = true;
      report.error(
        "reservation-lost",
        reservation.at,
        words.thing === "record"
          ? "this reservation is not given back on every path"
          : `this ${words.thing} is not given back on every path`,
        words.thing === "record"
          ? "submit or discard it before each return; a nil one needs neither"
          : `${words.way} before each return; not a nil one`,
        [
          {
            ...end.at,
            message:
              end.kind === "trap"
                ? "it is still held when this index is out of range"
                : "it is still held here",
          },
        ],
      );
    }
  }
}

/** checkOwned proves that each reservation is given back exactly once on every path. */
export const checkOwned: Pass = {
  name: "check-owned",
  needs: ["nil-checked"],
  gives: ["owned-checked"],
  run(fn, report) {
    const reservations: Value[] = [];
    const known = new Map<Value, Set<Value>>();
    const rootsOf = (value: Value): Set<Value> => {
      let found = known.get(value);
      if (found === undefined) {
        found = roots(value);
        known.set(value, found);
      }
      return found;
    };
    for (const block of fn.blocks) {
      for (const value of block.values) {
        if (value.owned) reservations.push(value);
        const taken = givenBack(value);
        // Objects of the kernel come from elsewhere too: out of a map, from an iterator.
        if (taken !== undefined && isRecordRelease(value) && rootsOf(taken).size === 0) {
          report.error(
            "reservation-reused",
            value.at,
            "only a record that Reserve gave in this function can be submitted or discarded",
            "give it back where it was reserved, or remove //go:noinline; other memory is sent by Output",
          );
        }
      }
    }
    for (const reservation of reservations) analyse(fn, reservation, rootsOf, report);
  },
};
