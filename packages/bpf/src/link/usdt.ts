import {
  type ElfFile,
  elfMachine,
  openElf,
  parseUsdtArguments,
  type UsdtNote,
  usdtNotes,
} from "@go3s/binary";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { AttachType } from "../uapi/attach-types.js";
import { joinLinks } from "./join.js";
import type { Attachable, Link } from "./link.js";
import { attachUprobe } from "./uprobe.js";
import { attachUprobeMulti } from "./uprobe-multi.js";
import { findUsdtFile } from "./usdt-files.js";
import { encodeUsdtSpec, type UsdtSite, usdtSpecLayout } from "./usdt-spec.js";

/** UsdtArguments is where programs made with libbpf's usdt.bpf.h look for the places of their arguments. */
export interface UsdtArguments {
  /** The object's map `__bpf_usdt_specs`. */
  readonly specs: BpfMap;
  /** The object's types. */
  readonly btf: Btf;
}

/** UsdtOptions say which probe of which file, for whom. */
export interface UsdtOptions {
  /**
   * The executable or library; for another mount namespace by way of /proc/PID/root. With a pid it can be left
   * out: then it is looked for among the files whose code the process has mapped.
   */
  readonly path?: string;
  readonly provider: string;
  readonly name: string;
  readonly pid?: number;
  /** What bpf_usdt_cookie() gives; without `arguments` what bpf_get_attach_cookie() gives. */
  readonly cookie?: bigint;
  /** For programs that call bpf_usdt_arg(); others read the registers themselves. */
  readonly arguments?: UsdtArguments;
}

/** The numbers that links of this process use in a map of specifications. */
const used = new WeakMap<BpfMap, Set<number>>();

function takeNumber(map: BpfMap, name: string): number {
  const taken = used.get(map) ?? new Set<number>();
  used.set(map, taken);
  for (let number = 0; number < map.spec.maxEntries; number++) {
    if (taken.has(number)) continue;
    taken.add(number);
    return number;
  }
  throw new BpfError(
    "map-full",
    `no room for the arguments of ${name}: ${map.spec.maxEntries} places are in use`,
    {
      hint: "define BPF_USDT_MAX_SPEC_CNT larger before including usdt.bpf.h",
    },
  );
}

interface Place {
  readonly offset: number;
  readonly refCounter: number;
  readonly note: UsdtNote;
}

function placesOf(elf: ElfFile, path: string, { provider, name }: UsdtOptions): Place[] {
  const notes = usdtNotes(elf, { provider, name });
  if (notes.length === 0) {
    const all = new Set(usdtNotes(elf).map((note) => `${note.provider}:${note.name}`));
    throw new BpfError("not-found", `${path} has no USDT probe ${provider}:${name}`, {
      hint: all.size === 0 ? "it was built without any" : `it has ${[...all].slice(0, 20).join(", ")}`,
    });
  }
  return notes.map((note) => {
    if (note.fileOffset === undefined) {
      throw new BpfError("bad-argument", `${path} holds no code, only debug information`, {
        hint: "give the program's own file",
      });
    }
    return { offset: note.fileOffset, refCounter: note.semaphoreOffset ?? 0, note };
  });
}

/** Writes the specification of each place; places with the same one share a number. */
function writeSpecs(
  elf: ElfFile,
  places: readonly Place[],
  options: UsdtOptions,
  to: UsdtArguments,
): number[] {
  const layout = usdtSpecLayout(to.btf);
  const known = new Map<string, number>();
  const numbers: number[] = [];
  const target = `${options.provider}:${options.name}`;
  try {
    for (const { note } of places) {
      const site: UsdtSite = {
        isArm: elf.machine === elfMachine.AARCH64,
        address: note.address,
        symbol: (name) => (elf.symbols()?.find(name) ?? elf.dynamicSymbols()?.find(name))?.value,
      };
      const list = parseUsdtArguments(elf.machine, note.arguments);
      const bytes = encodeUsdtSpec(layout, list, site, options.cookie ?? 0n);
      const key = Buffer.from(bytes).toString("latin1");
      let number = known.get(key);
      if (number === undefined) {
        number = takeNumber(to.specs, target);
        known.set(key, number);
        to.specs.update(u32Bytes(number), bytes);
      }
      numbers.push(number);
    }
    return numbers;
  } catch (error) {
    freeNumbers(to.specs, known.values());
    throw error;
  }
}

function freeNumbers(map: BpfMap, numbers: Iterable<number>): void {
  const taken = used.get(map);
  for (const number of numbers) taken?.delete(number);
}

/**
 * attachUsdt attaches a BPF_PROG_TYPE_KPROBE program to every place at which a program was compiled with a
 * statically defined probe (USDT, sys/sdt.h); counters that such a probe waits for are raised while the link is
 * open (4.20). Objects made with libbpf's usdt.bpf.h get their arguments from 5.15 on, when `arguments`
 * says where; attachBySection() does that by itself. Throws BpfError `not-found` with the probes that there are.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("usdt") int BPF_USDT(request, int code, long size)
 *     const where = { path: "/usr/bin/app", provider: "app", name: "request", pid: 4711 };
 *     using link = attachUsdt(object.program("request"), { ...where, arguments: usdtArguments(object) });
 */
export function attachUsdt(program: Attachable, options: UsdtOptions): Link {
  const { provider, name, pid, cookie } = options;
  const path = options.path ?? (pid === undefined ? undefined : findUsdtFile(pid, provider, name));
  if (path === undefined)
    throw new BpfError("bad-argument", `give the path or the pid for ${provider}:${name}`);
  using elf = openElf(path);
  const places = placesOf(elf, path, options);
  const to = options.arguments;
  const numbers = to === undefined ? undefined : writeSpecs(elf, places, options, to);
  const cookies = places.map((_, index) => BigInt(numbers?.[index] ?? cookie ?? 0n));
  const target = `usdt ${path}:${provider}:${name}${places.length === 1 ? "" : ` (${places.length} places)`}`;
  const where = pid === undefined ? { path } : { path, pid };
  const hasCookies = numbers !== undefined || cookie !== undefined;
  const free = (): void => {
    if (to !== undefined) freeNumbers(to.specs, numbers ?? []);
  };
  const links: Link[] = [];
  try {
    if (program.image?.attachType === AttachType.BPF_TRACE_UPROBE_MULTI) {
      const offsets = places.map((place) => place.offset);
      const refCounters = places.map((place) => place.refCounter);
      links.push(
        attachUprobeMulti(program, { ...where, offsets, refCounters, ...(hasCookies && { cookies }) }),
      );
    } else {
      for (const [index, { offset, refCounter }] of places.entries()) {
        const own = hasCookies ? { cookie: cookies[index] ?? 0n } : {};
        links.push(attachUprobe(program, { ...where, offset, refCounter, ...own }));
      }
    }
  } catch (error) {
    for (const link of links) link.close();
    free();
    throw error;
  }
  return joinLinks("usdt", target, links, free);
}
