import { availableParallelism } from "node:os";
import { BpfError } from "../errors.js";
import type { BpfMap } from "../maps/map.js";
import type { Program } from "../program/program.js";
import type { AttachTypeId } from "../uapi/attach-types.js";
import { type KernelTypes, runningKernel } from "./kernel-types.js";
import { layGround } from "./load.js";
import { loadOne, loadOneAside } from "./load-program.js";
import type { LoadOptions } from "./options.js";
import type { ObjectSpec, ProgramSpec } from "./spec.js";

/** LoaderOptions are LoadOptions without the choice of programs: those are asked for one by one. */
export type LoaderOptions = Omit<LoadOptions, "programs" | "without">;

/** ProgramChoice is what one program may be loaded as, besides what the object says. */
export interface ProgramChoice {
  readonly attachType?: AttachTypeId;
}

/**
 * ProgramLoader owns an object's maps, and loads its programs one by one as they are needed. Programs that were given out
 * are their caller's to close.
 */
export interface ProgramLoader {
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** map gives a map by name. Throws BpfError `not-found`. */
  map(name: string): BpfMap;
  /** load loads a program, and waits for it. Throws as loadObject(). */
  load(name: string, choice?: ProgramChoice): Program;
  /**
   * loadAside loads a program on another thread, beside others: twice as many at once as there are processors, the longest
   * of those that wait first. Rejects as load() throws, and with BpfError `closed` when the loader was closed meanwhile.
   */
  loadAside(name: string, choice?: ProgramChoice): Promise<Program>;
  /** close gives the maps back, as soon as no load is under way any more. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * libuv's pool has four threads. Twice as many as processors, so that they have work while this thread is busy and starts no
 * more of it.
 */
const mostAtOnce = 4;

interface Waiting {
  readonly size: number;
  start(): void;
  cancel(): void;
}

/** openLoader makes an object's maps and loads no program yet. Throws as loadObject(). */
export function openLoader(spec: ObjectSpec, options: LoaderOptions = {}): ProgramLoader {
  let running: KernelTypes | undefined;
  const ground = layGround(spec, { ...options, programs: [] }, () => {
    running ??= runningKernel();
    return running;
  });
  const atOnce = Math.min(mostAtOnce, 2 * availableParallelism());
  const waiting: Waiting[] = [];
  let underWay = 0;
  let isClosed = false;

  const find = (name: string, choice: ProgramChoice): ProgramSpec => {
    if (isClosed) throw closed(name);
    const program = spec.programs.get(name);
    if (program !== undefined) return { ...program, ...choice };
    throw new BpfError("not-found", `the object has no program "${name}"`, {
      hint: `it has ${[...spec.programs.keys()].join(", ") || "none"}`,
    });
  };
  const end = (): void => {
    if (!isClosed || underWay > 0) return;
    for (const one of ground.owned) one.close();
    running?.close();
    running = undefined;
  };
  const startNext = (): void => {
    while (underWay < atOnce) {
      const next = waiting.shift();
      if (next === undefined) return;
      next.start();
    }
  };
  const loadNow = async (program: ProgramSpec): Promise<Program> => {
    underWay++;
    try {
      const loaded = await loadOneAside(program, ground.around);
      if (!isClosed) return loaded;
      loaded.close();
      throw closed(program.name);
    } finally {
      underWay--;
      startNext();
      end();
    }
  };
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    for (const one of waiting.splice(0)) one.cancel();
    end();
  };

  return {
    maps: ground.maps,
    map(name) {
      const map = ground.maps.get(name);
      if (map !== undefined) return map;
      throw new BpfError("not-found", `the object has no map "${name}"`, {
        hint: `it has ${[...ground.maps.keys()].join(", ") || "none"}`,
      });
    },
    load: (name, choice = {}) => loadOne(find(name, choice), ground.around),
    async loadAside(name, choice = {}) {
      const program = find(name, choice);
      return new Promise((resolve, reject) => {
        waiting.push({
          size: program.code.length,
          start: () => void loadNow(program).then(resolve, reject),
          cancel: () => reject(closed(name)),
        });
        waiting.sort((a, b) => b.size - a.size);
        startNext();
      });
    },
    close,
    [Symbol.dispose]: close,
  };
}

function closed(name: string): BpfError {
  return new BpfError("closed", `program "${name}" was not loaded: its loader was closed`, {
    hint: "keep the loader open until its programs are there",
  });
}
