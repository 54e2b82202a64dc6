import { loadBtf } from "../btf/load.js";
import { Btf } from "../btf/reader.js";
import type { CoreResolution } from "../core/resolve.js";
import { BpfError } from "../errors.js";
import type { Descriptor } from "../kernel/fd.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { BPFFS } from "../pin/bpffs.js";
import type { Program } from "../program/program.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import type { AttachPoint } from "./attach-target.js";
import { KCONFIG } from "./externs.js";
import { fillConfig } from "./kconfig.js";
import { type KernelTypes, runningKernel } from "./kernel-types.js";
import { loadOne, type Surroundings } from "./load-program.js";
import { type LoadedStructOps, makeStructOps, planStructOps, type StructOpsPlan } from "./load-struct-ops.js";
import { type Closable, LoadedObject } from "./loaded.js";
import { makeMaps } from "./make-maps.js";
import type { LoadOptions } from "./options.js";
import type { ObjectSpec, ProgramSpec } from "./spec.js";
import { setVariables } from "./variables.js";

// The kernel may know fewer kinds of types than the object has; only dumps and line numbers need them.
function tryLoadBtf(bytes: Uint8Array | undefined): Descriptor | undefined {
  if (bytes === undefined) return undefined;
  try {
    return loadBtf(bytes);
  } catch (error) {
    if (error instanceof BpfError && error.code !== "permission-denied") return undefined;
    throw error;
  }
}

function chosenPrograms(
  spec: ObjectSpec,
  options: LoadOptions,
  tables: ReadonlyMap<string, AttachPoint>,
): ProgramSpec[] {
  const find = (name: string): ProgramSpec => {
    const program = spec.programs.get(name);
    if (program !== undefined) return program;
    throw new BpfError("not-found", `the object has no program "${name}"`, {
      hint: `it has ${[...spec.programs.keys()].join(", ") || "none"}`,
    });
  };
  const without = new Set(options.without ?? []);
  for (const name of without) if (!spec.structOps.has(name)) find(name);
  const isWanted = (program: ProgramSpec): boolean => {
    // A function for the kernel is nothing without the table that names it.
    if (program.type === ProgramType.BPF_PROG_TYPE_STRUCT_OPS) return tables.has(program.name);
    return program.autoload || options.types?.[program.name] !== undefined;
  };
  const names = options.programs ?? [...spec.programs.values()].filter(isWanted).map(({ name }) => name);
  return names.filter((name) => !without.has(name)).map(find);
}

function planTables(
  spec: ObjectSpec,
  options: LoadOptions,
  local: Btf | undefined,
  kernel: () => KernelTypes,
): StructOpsPlan[] {
  const plans: StructOpsPlan[] = [];
  for (const table of spec.structOps.values()) {
    const isChosen = options.programs === undefined || options.programs.includes(table.name);
    if (local === undefined || !table.autoload || !isChosen || options.without?.includes(table.name))
      continue;
    plans.push(planStructOps(table, local, kernel()));
  }
  return plans;
}

function pointsOf(plans: readonly StructOpsPlan[]): Map<string, AttachPoint> {
  const points = new Map<string, AttachPoint>();
  for (const { functions } of plans) {
    for (const { program, point } of functions.values()) points.set(program, point);
  }
  return points;
}

function fillMapReferences(
  spec: ObjectSpec,
  maps: ReadonlyMap<string, BpfMap>,
  programs: ReadonlyMap<string, Program>,
): void {
  for (const { map, index, to } of spec.mapReferences) {
    const holder = maps.get(map);
    const value = to.kind === "map" ? maps.get(to.name) : programs.get(to.name);
    if (holder === undefined || value === undefined) continue;
    holder.update(u32Bytes(index), u32Bytes(value.fd));
  }
}

function contentsFor(
  spec: ObjectSpec,
  options: LoadOptions,
  local: Btf | undefined,
): Map<string, Uint8Array> {
  const given = options.constants ?? {};
  const contents = setVariables(spec, given, local);
  const config = spec.maps.get(KCONFIG);
  if (config === undefined || local === undefined || options.maps?.has(KCONFIG)) return contents;
  const values = contents.get(KCONFIG) ?? new Uint8Array(config.valueSize);
  fillConfig(values, spec.variables.values(), local, new Set(Object.keys(given)));
  return contents.set(KCONFIG, values);
}

/** Ground is an object in the kernel before its programs: its maps, its types, and what binds programs to them. */
export interface Ground {
  readonly local: Btf | undefined;
  readonly btfFd: number | undefined;
  readonly plans: readonly StructOpsPlan[];
  readonly chosen: readonly ProgramSpec[];
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** What there is to close, in order; programs go in front. */
  readonly owned: Closable[];
  readonly around: Surroundings;
  /** undo takes everything back, pins that were made among it. */
  undo(): void;
}

/** layGround makes an object's maps and gives the kernel its types. Throws as loadObject(), and leaves nothing then. */
export function layGround(spec: ObjectSpec, options: LoadOptions, kernel: () => KernelTypes): Ground {
  const owned: Closable[] = [];
  let undoMaps: (() => void) | undefined;
  const undo = (): void => {
    for (const one of owned) one.close();
    undoMaps?.();
  };
  try {
    const local = spec.btf === undefined ? undefined : new Btf(spec.btf);
    const contents = contentsFor(spec, options, local);
    const plans = planTables(spec, options, local, kernel);
    const structOps = pointsOf(plans);
    const chosen = chosenPrograms(spec, options, structOps);
    const btf = tryLoadBtf(spec.btf);
    if (btf !== undefined) owned.unshift(btf);
    const made = makeMaps(spec, {
      shared: options.maps ?? new Map(),
      sizes: options.mapSizes ?? {},
      inner: options.innerMaps ?? {},
      contents,
      pinFolder: options.pinFolder ?? BPFFS,
      btfFd: btf?.number,
    });
    undoMaps = made.undo;
    owned.unshift(...made.owned);
    const mapFd = (name: string): number => {
      const map = made.maps.get(name);
      if (map !== undefined) return map.fd;
      throw new BpfError("bad-object", `a program refers to a map "${name}" that is not there`);
    };
    const { license } = spec;
    const isProgramArray = (name: string): boolean =>
      made.maps.get(name)?.spec.type === MapType.BPF_MAP_TYPE_PROG_ARRAY;
    const answers = new Map<string, CoreResolution>();
    const btfFd = btf?.number;
    const around = { license, options, local, kernel, mapFd, isProgramArray, btfFd, structOps, answers };
    return { local, btfFd, plans, chosen, maps: made.maps, owned, around, undo };
  } catch (error) {
    undo();
    throw error;
  }
}

/**
 * loadObject makes an object's maps and loads its programs into the running kernel. When anything fails,
 * what was made is closed again and the error passes through: `verifier-rejected` with the source line,
 * `relocation-failed`, `map-mismatch`, `not-found`, `permission-denied`, `not-supported`.
 */
export function loadObject(spec: ObjectSpec, options: LoadOptions = {}): LoadedObject {
  let running: KernelTypes | undefined;
  let ground: Ground | undefined;
  const kernel = (): KernelTypes => {
    running ??= runningKernel();
    return running;
  };
  try {
    ground = layGround(spec, options, kernel);
    const { owned, maps, around, local: types, btfFd } = ground;
    const programs = new Map<string, Program>();
    for (const one of ground.chosen) {
      const program = loadOne(one, around);
      owned.unshift(program);
      programs.set(one.name, program);
    }
    fillMapReferences(spec, maps, programs);
    const structOps = new Map<string, LoadedStructOps>();
    for (const plan of ground.plans) {
      const table = makeStructOps(plan, programs, btfFd);
      owned.unshift(table.map);
      structOps.set(plan.spec.name, table);
    }
    return new LoadedObject(spec, maps, programs, owned, { types, structOps });
  } catch (error) {
    ground?.undo();
    throw error;
  } finally {
    running?.close();
  }
}
