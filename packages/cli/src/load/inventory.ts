import { readFileSync } from "node:fs";
import {
  BpfError,
  type Holder,
  type KernelObjects,
  listKernelObjects,
  type ObjectKind,
  openById,
  openPinned,
  type PinKind,
  pinsBelow,
} from "@go3s/bpf";
import { isPinnedByLoad } from "./pins.js";
import { idOf } from "./report.js";

/** HeldRow is one program, map or link as `go3s ps` tells it; keys are those of --json. */
export interface HeldRow {
  readonly kind: PinKind;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** True when a Go3s process or a pin of `go3s load` keeps it in the kernel. */
  readonly go3s: boolean;
  readonly processes: readonly Holder[];
  readonly pins: readonly string[];
  readonly [more: string]: unknown;
}

/** inventory lists what is held in the kernel, programs before maps before links. Needs CAP_SYS_ADMIN. */
export function inventory(): HeldRow[] {
  const objects = listKernelObjects();
  const pins = findPins();
  const mine = ownIds(objects, pins);
  const row = (
    kind: PinKind,
    one: { readonly id: number; readonly holders: readonly Holder[] },
    name: string,
    type: string,
    more: Readonly<Record<string, unknown>>,
  ): HeldRow => ({
    kind,
    id: one.id,
    name,
    type,
    go3s: mine.has(`${kind} ${one.id}`),
    processes: one.holders,
    pins: pins.get(`${kind} ${one.id}`) ?? [],
    ...more,
  });
  const names = new Map(objects.programs.map((one) => [one.id, one.name]));
  return [
    ...objects.programs.map((one) =>
      row("program", one, one.name, one.typeName, {
        tag: one.tag,
        run_count: one.runCount,
        run_time_ns: one.runTimeNs,
        memory_bytes: memoryOf("program", one.id),
        instructions: one.translatedInstructions,
        map_ids: one.mapIds,
      }),
    ),
    ...objects.maps.map((one) =>
      row("map", one, one.name, one.typeName, {
        memory_bytes: memoryOf("map", one.id),
        key_bytes: one.keySize,
        value_bytes: one.valueSize,
        max_entries: one.maxEntries,
      }),
    ),
    ...objects.links.map((one) =>
      row("link", one, names.get(one.programId) ?? "", one.typeName, {
        program_id: one.programId,
        target: one.target,
      }),
    ),
  ];
}

type Pins = ReadonlyMap<string, readonly string[]>;

/** findPins gives the pins of every BPF file system this process sees, by `KIND ID`. */
function findPins(): Pins {
  const found = new Map<string, string[]>();
  const mounts = readFileSync("/proc/self/mounts", "utf8").matchAll(/^\S+ (\S+) bpf /gm);
  for (const folder of new Set([...mounts].map((match) => match[1] ?? ""))) {
    for (const { path, kind } of attempt(() => pinsBelow(folder), [])) {
      if (kind === undefined) continue;
      const id = attempt(() => pinnedId(path, kind), 0);
      if (id > 0) found.set(`${kind} ${id}`, [...(found.get(`${kind} ${id}`) ?? []), path]);
    }
  }
  return found;
}

const idFields = { program: "prog_id", map: "map_id", link: "link_id" } as const;

function pinnedId(path: string, kind: PinKind): number {
  const { fd } = openPinned(path, { access: "both" });
  try {
    return idOf(fd.number, idFields[kind]);
  } finally {
    fd.close();
  }
}

/** ownIds names what Go3s keeps: what its processes and pins hold, the programs of those links, the maps of those programs. */
function ownIds(objects: KernelObjects, pins: Pins): ReadonlySet<string> {
  const known = new Map<number, boolean>();
  const isOurs = (pid: number): boolean => {
    const answer = known.get(pid) ?? runsGo3s(pid);
    known.set(pid, answer);
    return answer;
  };
  const holds = (kind: PinKind, one: { readonly id: number; readonly holders: readonly Holder[] }): boolean =>
    one.holders.some(({ pid }) => isOurs(pid)) ||
    (pins.get(`${kind} ${one.id}`) ?? []).some((path) => isPinnedByLoad(path, kind));
  const links = objects.links.filter((one) => holds("link", one));
  const linked = new Set(links.map((one) => one.programId));
  const programs = objects.programs.filter((one) => linked.has(one.id) || holds("program", one));
  const used = new Set(programs.flatMap((one) => one.mapIds));
  const maps = objects.maps.filter((one) => used.has(one.id) || holds("map", one));
  return new Set([
    ...links.map(({ id }) => `link ${id}`),
    ...programs.map(({ id }) => `program ${id}`),
    ...maps.map(({ id }) => `map ${id}`),
  ]);
}

/** runsGo3s tells whether a process that holds BPF objects has them by @go3s/bpf: it has our way into the kernel mapped. */
function runsGo3s(pid: number): boolean {
  return attempt(() => /\/[^/\n]*koffi[^\n]*\.node$/m.test(readFileSync(`/proc/${pid}/maps`, "utf8")), false);
}

/** memoryOf asks what the kernel charges for an object, in bytes; 0 for one that is gone. */
function memoryOf(kind: ObjectKind, id: number): number {
  return attempt(() => {
    using fd = openById(kind, id);
    return Number(
      /^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd.number}`, "utf8"))?.[1] ?? 0,
    );
  }, 0);
}

// What goes away while it is looked at holds nothing; a pin that may not be opened is nobody's we could name.
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BpfError || (error instanceof Error && "errno" in error)) return otherwise;
    throw error;
  }
}
