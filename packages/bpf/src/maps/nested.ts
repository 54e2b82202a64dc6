import { BpfError } from "../errors.js";
import { openById } from "../inventory/ids.js";
import type { Descriptor } from "../kernel/fd.js";
import { UpdateFlag, type UpdateFlags } from "../uapi/flags.js";
import { type BpfMap, createMap, u32Bytes } from "./map.js";
import { mapTitle } from "./misuse.js";
import { mapOfDescriptor } from "./open.js";
import { mapTypeRow } from "./type-rows.js";

function checkNested(outer: BpfMap): void {
  if (mapTypeRow(outer.spec.type)?.nested) return;
  throw new BpfError("bad-argument", `${mapTitle(outer.spec)} is no map of maps`);
}

/** createInnerMap makes a map as the outer one wants its elements, which the caller closes. */
export function createInnerMap(outer: BpfMap, name?: string): BpfMap {
  checkNested(outer);
  const { inner } = outer.spec;
  if (inner === undefined) {
    throw new BpfError(
      "bad-argument",
      `what the maps in ${mapTitle(outer.spec)} are made like is not known`,
      {
        hint: "a map opened from a pin or by id does not tell: create one and put it with putInnerMap()",
      },
    );
  }
  return createMap(name === undefined ? inner : { ...inner, name });
}

/** putInnerMap puts a map into a map of maps, which keeps it alive from now on (4.12). Throws `bad-argument`. */
export function putInnerMap(
  outer: BpfMap,
  key: Uint8Array,
  inner: BpfMap,
  flags: UpdateFlags = UpdateFlag.BPF_ANY,
): void {
  checkNested(outer);
  outer.update(key, u32Bytes(inner.fd), flags);
}

/**
 * innerMapOf opens the map that is an element of a map of maps, undefined when there is none; the caller
 * closes it. Needs CAP_SYS_ADMIN, for the kernel gives its id.
 */
export function innerMapOf(outer: BpfMap, key: Uint8Array): BpfMap | undefined {
  checkNested(outer);
  const id = outer.lookup(key);
  if (id === undefined) return undefined;
  let fd: Descriptor;
  try {
    fd = openById("map", new DataView(id.buffer).getUint32(0, true));
  } catch (error) {
    // Taken out and gone between the two calls.
    if (error instanceof BpfError && error.code === "not-found") return undefined;
    throw error;
  }
  return mapOfDescriptor(fd);
}
