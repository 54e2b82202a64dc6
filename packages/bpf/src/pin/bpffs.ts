import { mkdirSync, statfsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { BpfError } from "../errors.js";

/** BPFFS is where systems mount the BPF file system by custom. */
export const BPFFS = "/sys/fs/bpf";

// BPF_FS_MAGIC of include/uapi/linux/magic.h.
const BPF_FS_MAGIC = 0xcafe4a11;

function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
}

/** isOnBpffs tells whether a path that exists lies on a BPF file system. */
export function isOnBpffs(path: string): boolean {
  try {
    // Some versions of Node give the type as a signed number.
    return statfsSync(path).type >>> 0 === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * pinName gives a kernel object's name as a name of the BPF file system, which keeps names with dots for
 * itself (kernel/bpf/inode.c, bpf_lookup): `.rodata` becomes `_rodata`, as libbpf spells it.
 */
export function pinName(name: string): string {
  return name.replace(/[./]/g, "_");
}

/**
 * checkPinPath gives the whole path of a pin, or says why there can be none. Throws BpfError `bad-argument`
 * for a name with a dot, `not-found` for a folder that is missing, `bad-pin-path` for one that is not on a
 * BPF file system.
 */
export function checkPinPath(path: string): string {
  const whole = resolve(path);
  const folder = dirname(whole);
  if (basename(whole).includes(".")) {
    throw new BpfError("bad-argument", `cannot pin at ${whole}: the BPF file system takes no dot in a name`, {
      hint: `use ${folder}/${pinName(basename(whole))}`,
    });
  }
  try {
    statfsSync(folder);
  } catch (cause) {
    throw new BpfError("not-found", `cannot pin at ${whole}: ${folder} ${errnoOf(cause) ?? "is missing"}`, {
      hint: `make the folder first; it must be below a mounted BPF file system, as ${BPFFS}`,
      cause,
    });
  }
  if (!isOnBpffs(folder)) {
    throw new BpfError("bad-pin-path", `cannot pin at ${whole}: ${folder} is not on a BPF file system`, {
      hint: isOnBpffs(BPFFS)
        ? `choose a path below ${BPFFS}`
        : `mount one: mount -t bpf bpf ${BPFFS}, and choose a path below it`,
    });
  }
  return whole;
}

/**
 * makePinFolder makes a folder for pins, and those above it. Throws BpfError `bad-pin-path` when it would not
 * be on a BPF file system; what was made before that is a plain folder's business and is not made at all.
 */
export function makePinFolder(path: string): string {
  const whole = resolve(path);
  let there = whole;
  while (there !== "/") {
    try {
      statfsSync(there);
      break;
    } catch {
      there = dirname(there);
    }
  }
  if (!isOnBpffs(there)) {
    throw new BpfError("bad-pin-path", `cannot keep pins in ${whole}: ${there} is not on a BPF file system`, {
      hint: isOnBpffs(BPFFS) ? `choose a folder below ${BPFFS}` : `mount one: mount -t bpf bpf ${BPFFS}`,
    });
  }
  try {
    mkdirSync(whole, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new BpfError("permission-denied", `cannot make the folder ${whole}: ${errnoOf(cause)}`, {
      hint: "names without dots, and the rights to write there, are what the BPF file system asks for",
      cause,
    });
  }
  return whole;
}
