import type { CoreRelocation, FuncInfo } from "../btf/ext-encoder.js";
import type { LineRecord } from "../btf/ext-reader.js";
import { BpfError } from "../errors.js";
import { ProgramType } from "../uapi/program-types.js";
import { functionKey, type ObjectFunction, rowsOf, type Work } from "./function.js";
import { meaningOfSection } from "./section-names.js";
import type { ProgramSpec, Reference } from "./spec.js";

/** The kernel takes at most this many functions in a program: BPF_MAX_SUBPROGS, kernel/bpf/verifier.c. */
const MAX_FUNCTIONS = 256;

function collect(
  entry: ObjectFunction,
  all: ReadonlyMap<string, ObjectFunction>,
): Map<ObjectFunction, number> {
  const places = new Map<ObjectFunction, number>();
  const waiting = [entry];
  let end = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (places.has(next)) continue;
    places.set(next, end);
    end += next.code.length;
    if (places.size > MAX_FUNCTIONS) {
      throw new BpfError(
        "bad-object",
        `program "${entry.name}" reaches more than ${MAX_FUNCTIONS} functions`,
      );
    }
    for (const call of next.calls) {
      const callee = all.get(functionKey(call.section, call.start));
      if (callee === undefined) {
        throw new BpfError(
          "bad-object",
          `"${next.name}" calls byte ${call.start} of section ${call.section}, where no function begins`,
          { offset: next.start + call.offset },
        );
      }
      waiting.push(callee);
    }
  }
  return places;
}

/** calledFunctions gives the keys of the functions that others call or take the address of. */
export function calledFunctions(all: ReadonlyMap<string, ObjectFunction>): Set<string> {
  const called = new Set<string>();
  for (const one of all.values()) {
    for (const { section, start } of one.calls) called.add(functionKey(section, start));
  }
  return called;
}

/** joinProgram puts a program's entry function and all functions it reaches one behind the other. */
export function joinProgram(
  entry: ObjectFunction,
  all: ReadonlyMap<string, ObjectFunction>,
  called: ReadonlySet<string>,
  work: Work,
): ProgramSpec {
  const places = collect(entry, all);
  let size = 0;
  for (const member of places.keys()) {
    size += member.code.length;
    work.add(member.code.length, rowsOf(member));
  }
  const code = new Uint8Array(size);
  const view = new DataView(code.buffer);
  const references: Reference[] = [];
  const functions: FuncInfo[] = [];
  const lines: LineRecord[] = [];
  const relocations: CoreRelocation[] = [];

  for (const [member, place] of places) {
    code.set(member.code, place);
    for (const call of member.calls) {
      const callee = all.get(functionKey(call.section, call.start));
      const to = callee === undefined ? undefined : places.get(callee);
      if (to === undefined) continue;
      const at = place + call.offset;
      // Both a call and an address count from the slot behind the instruction's first one.
      view.setInt32(at + 4, (to - at) / 8 - 1, true);
    }
    for (const one of member.references) references.push({ ...one, offset: one.offset + place });
    for (const one of member.lines) lines.push({ ...one, offset: one.offset + place });
    for (const one of member.relocations) relocations.push({ ...one, offset: one.offset + place });
    if (member.info !== undefined) functions.push({ offset: place, type: member.info.type });
  }

  // The kernel wants an info for every function, and lines only with it.
  const isWhole = functions.length === places.size;
  const meaning = meaningOfSection(entry.section);
  const isCalled = called.has(functionKey(entry.section, entry.start));
  const isPart = isCalled && meaning.type === ProgramType.BPF_PROG_TYPE_UNSPEC;
  return {
    name: entry.name,
    section: entry.section,
    ...meaning,
    autoload: !entry.section.startsWith("?") && !isPart,
    code,
    references,
    functions: isWhole ? functions : [],
    lines: isWhole ? lines : [],
    relocations,
  };
}
