import { attachUprobeMulti, type BpfMap, isStaleProcess, type Link, type Program, u32Bytes } from "@go3s/bpf";
import type { PythonContexts } from "../python/context-sites.js";

/** ContextProgram names a program of probes/python.go3s. */
export type ContextProgram = "made" | "freed" | "copy" | "copied";

/** ContextPrograms are those programs. */
export interface ContextPrograms {
  readonly pythons: BpfMap;
  /** program gives one of them, loaded when it is first asked for; undefined where it cannot be. */
  program(name: ContextProgram): Program | undefined;
  /** problem says why one is missing. */
  problem(): string;
}

/** ContextProbes owns the uprobes on the contexts of one process's CPython. */
export interface ContextProbes {
  readonly count: number;
  /** lost says what could not be attached, and why. */
  readonly lost: readonly string[];
  close(): void;
}

/** Epochs tell what was known of a process from what is: while it was not watched, its contexts were let go unseen. */
let epoch = 0;

/** attachContextProbes attaches all, or none: a context whose end is not seen would be taken for the next one at its address. */
export function attachContextProbes(
  pid: number,
  contexts: PythonContexts,
  programs: ContextPrograms,
): ContextProbes {
  const links: Link[] = [];
  const lost: string[] = [];
  const key = u32Bytes(pid);
  const close = (): void => {
    programs.pythons.delete(key);
    for (const link of links) link.close();
    links.length = 0;
  };
  // Ends before beginnings, and who goes by them last.
  const wanted: readonly [ContextProgram, number | undefined][] = [
    ["freed", contexts.freed],
    ["copy", contexts.copied],
    ["copied", contexts.copied],
    ["made", contexts.empty],
    ["made", contexts.made],
  ];
  const places = wanted.filter((each): each is [ContextProgram, number] => each[1] !== undefined);
  for (const [name, offset] of places) {
    const program = programs.program(name);
    if (program === undefined) {
      lost.push(`whose work asyncio's tasks do: ${programs.problem()}`);
      break;
    }
    try {
      const { path, identity } = contexts;
      const atReturn = name === "made" || name === "copied" ? { atReturn: true } : {};
      links.push(attachUprobeMulti(program, { path, identity, offsets: [offset], pid, ...atReturn }));
    } catch (error) {
      // A process that ends while being attached is no error: its exit event is on the way.
      if (!isStaleProcess(error))
        lost.push(`whose work asyncio's tasks do: ${error instanceof Error ? error.message : String(error)}`);
      break;
    }
  }
  if (links.length === places.length) programs.pythons.update(key, encodePython(contexts, ++epoch));
  else close();
  return {
    get count() {
      return links.length;
    },
    lost,
    close,
  };
}

/** encodePython builds a value of the map `pythons`. */
function encodePython({ state, module, threadId, context }: PythonContexts, number: number): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  // Thread-local variables of a program lie in front of the thread's block.
  view.setBigInt64(0, BigInt(state), true);
  [module, threadId, context, number].forEach((word, i) => {
    view.setUint32(8 + i * 4, word, true);
  });
  return bytes;
}
