import { readlinkSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { BpfError } from "../errors.js";
import { OBJ_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { MapFlag } from "../uapi/flags.js";
import { checkPinPath } from "./bpffs.js";

/** PinKind is what a pin holds. */
export type PinKind = "map" | "program" | "link";

/** PinOptions say how to pin. */
export interface PinOptions {
  /** Take the place of what is pinned there already, in one step; it is refused when absent. */
  readonly replace?: boolean;
}

/** OpenPinOptions say how a pin is to be opened; only maps can be opened for less than everything. */
export interface OpenPinOptions {
  readonly access?: "read" | "write" | "both";
}

/** Pinnable is what can be pinned: a map, a program, a link by its descriptor. */
export interface Pinnable {
  readonly fd: number;
}

// The names of the kernel's anonymous files (kernel/bpf/syscall.c: anon_inode_getfd).
const KINDS: ReadonlyMap<string, PinKind> = new Map<string, PinKind>([
  ["anon_inode:bpf-map", "map"],
  ["anon_inode:bpf-prog", "program"],
  ["anon_inode:bpf-link", "link"],
  // Links were spelt differently when they were new.
  ["anon_inode:bpf_link", "link"],
]);

/** kindOfDescriptor tells what a descriptor of the bpf family is, undefined for anything else. */
export function kindOfDescriptor(fd: number): PinKind | undefined {
  return KINDS.get(readlinkSync(`/proc/self/fd/${fd}`));
}

let pinCount = 0;

function pinAt(fd: number, path: string): number {
  return bpf("BPF_OBJ_PIN", OBJ_ATTR, { pathname: new TextEncoder().encode(`${path}\0`), bpf_fd: fd });
}

/**
 * pinObject pins a map, program or link (4.4; links 5.7): it stays in the kernel, whoever ends, until
 * unpin(). The descriptor stays the caller's. Gives the whole path. Throws BpfError: `bad-pin-path` when the
 * folder is not on a BPF file system, `already-exists`, `not-found`, `permission-denied`.
 */
export function pinObject(object: Pinnable, path: string, options: PinOptions = {}): string {
  const whole = checkPinPath(path);
  // A pin beside it is renamed over the old one, so that at no time there is none.
  const first = options.replace ? `${whole}_${process.pid}_${pinCount++}` : whole;
  const result = pinAt(object.fd, first);
  if (result < 0) {
    throw failure(-result, {
      call: "BPF_OBJ_PIN",
      tried: `pin ${kindOfDescriptor(object.fd) ?? "what is no map, program or link"} at ${whole}`,
      since: "4.4",
      hint: result === -Errno.EEXIST ? "something is pinned there: unpin it, or pin with replace" : undefined,
      code: result === -Errno.EINVAL ? "bad-argument" : undefined,
    });
  }
  if (first !== whole) {
    try {
      renameSync(first, whole);
    } catch (cause) {
      rmSync(first, { force: true });
      throw new BpfError("already-exists", `cannot pin at ${whole}: what is there cannot be replaced`, {
        hint: "only a pin can be replaced by a pin, not a folder",
        cause,
      });
    }
  }
  return whole;
}

/**
 * openPinned opens a pin and tells what it is; the caller owns the descriptor. Throws BpfError `not-found`,
 * `bad-pin-path` when the path is no pin, `permission-denied`.
 */
export function openPinned(path: string, options: OpenPinOptions = {}): { kind: PinKind; fd: Descriptor } {
  const whole = resolve(path);
  const access = options.access ?? "both";
  const flags = access === "read" ? MapFlag.BPF_F_RDONLY : access === "write" ? MapFlag.BPF_F_WRONLY : 0;
  const fd = bpf("BPF_OBJ_GET", OBJ_ATTR, {
    pathname: new TextEncoder().encode(`${whole}\0`),
    file_flags: flags,
  });
  if (fd < 0) {
    // What exists and is no pin gives EACCES or EINVAL by its kind (bpf_inode_type).
    const isOther = fd === -Errno.EACCES || fd === -Errno.EINVAL;
    throw failure(-fd, {
      call: "BPF_OBJ_GET",
      tried: `open the pin ${whole}`,
      since: "4.4",
      ...(isOther && {
        code: "bad-pin-path",
        hint: "it is no pin of a map, program or link, or it may not be opened in this way",
      }),
      ...(fd === -Errno.ENOENT && { hint: "nothing is pinned there; bpftool lists pins with -f" }),
    });
  }
  const descriptor = new Descriptor(fd, `pin ${whole}`);
  const kind = kindOfDescriptor(descriptor.number);
  if (kind === undefined) {
    descriptor.close();
    throw new BpfError("bad-pin-path", `${whole} is no pin of a map, program or link`);
  }
  return { kind, fd: descriptor };
}

/** openPinnedAs opens a pin that must hold a map, a program or a link. Throws `bad-pin-path` for another. */
export function openPinnedAs(kind: PinKind, path: string, options: OpenPinOptions = {}): Descriptor {
  const found = openPinned(path, options);
  if (found.kind === kind) return found.fd;
  found.fd.close();
  throw new BpfError("bad-pin-path", `${resolve(path)} is the pin of a ${found.kind}, not of a ${kind}`);
}
