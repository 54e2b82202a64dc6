import { attachUprobeMulti, type Link } from "@go3s/bpf";
import type { ObservedProgram } from "./observed-program.js";
import type { FunctionPlan } from "./plan.js";
import { type FunctionMode, programNames } from "./source.js";

/** linkTo attaches one program to places of a process's file; each place is a file offset and the cookie it gives. */
export function linkTo(
  program: ObservedProgram,
  name: string,
  pid: number,
  places: readonly (readonly [number, number])[],
  atReturn = false,
): Link {
  return attachUprobeMulti(program.object.program(name), {
    // By way of /proc the file is found in whatever mount namespace the process lives, deleted or not.
    path: `/proc/${pid}/exe`,
    identity: program.identity,
    offsets: places.map(([offset]) => offset),
    cookies: places.map(([, cookie]) => BigInt(cookie)),
    pid,
    atReturn,
  });
}

/** attachAll attaches functions and gives their links by id; under 0 those that tell how goroutines unwind. */
export function attachAll(
  program: ObservedProgram,
  mode: FunctionMode,
  pid: number,
  functions: readonly FunctionPlan[],
): Map<number, Link[]> {
  const all = new Map<number, Link[]>();
  try {
    if (mode === "spans") all.set(0, attachUnwinding(program, pid));
    for (const fn of functions) {
      const links: Link[] = [];
      all.set(fn.id, links);
      // The end first: an entry without its end would be told as lost.
      if (fn.returns.length > 0) {
        const name = mode === "histogram" ? "onReturn" : programNames.leave(fn);
        links.push(
          linkTo(
            program,
            name,
            pid,
            fn.returns.map((offset) => [offset, fn.id]),
          ),
        );
      }
      if (fn.uretprobe) links.push(linkTo(program, "onReturned", pid, [[fn.entry, fn.id]], true));
      const name = mode === "histogram" ? "onEnter" : programNames.enter(fn);
      links.push(linkTo(program, name, pid, [[fn.entry, fn.id]]));
    }
    return all;
  } catch (error) {
    for (const links of all.values()) for (const each of links) each.close();
    throw error;
  }
}

function attachUnwinding(program: ObservedProgram, pid: number): Link[] {
  const { panic, goexit, routineEnd } = program.plan;
  const links: Link[] = [];
  for (const [name, offset] of [
    ["onPanic", panic],
    ["onGoexit", goexit],
    ["onRoutineEnd", routineEnd],
  ] as const) {
    if (offset !== undefined) links.push(linkTo(program, name, pid, [[offset, 0]]));
  }
  return links;
}
