import { mapTypeName } from "../maps/spec.js";
import { type ProgramInfo, programInfo } from "../program/info.js";
import { programTypeName } from "../program/spec.js";
import { btfInfo, type KernelBtfInfo } from "./btf-info.js";
import { findHolders, type Holder } from "./holders.js";
import { eachObject, type ObjectKind } from "./ids.js";
import { type KernelLinkInfo, linkInfo } from "./link-info.js";
import { type KernelMapInfo, mapInfo } from "./map-info.js";

/** Held adds to an object the processes that have it open; pins and attachments may hold it besides. */
export type Held<T> = T & { readonly holders: readonly Holder[] };

/** KernelObjects is all that anyone holds of eBPF in the kernel, as plain values. */
export interface KernelObjects {
  readonly programs: readonly Held<ProgramInfo & { readonly typeName: string }>[];
  readonly maps: readonly Held<KernelMapInfo & { readonly typeName: string }>[];
  readonly links: readonly Held<KernelLinkInfo>[];
  readonly btfs: readonly Held<KernelBtfInfo>[];
}

/**
 * listKernelObjects lists every program, map, link and BTF object in the kernel with the processes that hold
 * them, lowest id first. Objects that go meanwhile are left out. Needs CAP_SYS_ADMIN: throws BpfError
 * `permission-denied` without. Links need 5.8.
 */
export function listKernelObjects(): KernelObjects {
  const holders = findHolders();
  const list = <T extends { readonly id: number }>(kind: ObjectKind, read: (fd: number) => T): Held<T>[] =>
    eachObject(kind, read).map((one) => ({ ...one, holders: holders.get(`${kind} ${one.id}`) ?? [] }));
  return {
    programs: list("program", (fd) => {
      const info = programInfo(fd);
      return { ...info, typeName: programTypeName(info.type) };
    }),
    maps: list("map", (fd) => {
      const info = mapInfo(fd);
      return { ...info, typeName: mapTypeName(info.type) };
    }),
    links: list("link", linkInfo),
    btfs: list("btf", btfInfo),
  };
}
