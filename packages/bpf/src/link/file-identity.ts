import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";

/** fileIdentity names what is in a file now, for ever: by device, inode, size and change time. */
export function fileIdentity(path: string): string {
  const { dev, ino, size, ctimeMs } = statSync(path);
  return `${dev}:${ino}:${size}:${ctimeMs}`;
}

/**
 * withFile calls `use` with a path that leads to the very file of that identity, whatever stands at `path` by then; without an
 * identity with `path` itself. A process's /proc/PID/exe is another program's when the process has executed one: a probe that was
 * meant for the first would be a breakpoint within the other's instructions. Throws BpfError as for a file that is gone.
 */
export function withFile<T>(path: string, identity: string | undefined, use: (path: string) => T): T {
  if (identity === undefined) return use(path);
  const gone = (cause?: unknown): BpfError =>
    new BpfError("not-found", `${path} is not the file any more that was looked at`, {
      errno: Errno.ENOENT,
      cause,
    });
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw gone(error);
  }
  try {
    const { dev, ino } = fstatSync(fd);
    // A program that runs cannot be written; its times change when it gets another name or other rights.
    if (!identity.startsWith(`${dev}:${ino}:`)) throw gone();
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
