import { openSync } from "node:fs";
import { BpfError } from "../errors.js";
import { Descriptor } from "./fd.js";

/** openPath opens what a call wants by descriptor: a cgroup's folder, a namespace, a device. Throws `not-found`. */
export function openPath(path: string, what: string, hint?: string): Descriptor {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    const errno = cause instanceof Error && "code" in cause ? `: ${cause.code}` : "";
    throw new BpfError("not-found", `cannot open ${what} ${path}${errno}`, { hint, cause });
  }
  return new Descriptor(fd, `${what} ${path}`);
}
