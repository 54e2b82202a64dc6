import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { syscall } from "./syscall.js";

/** openProcess opens a process by its id (5.3): the key of maps that keep a value for a task. Throws `not-found`. */
export function openProcess(pid: number): Descriptor {
  const fd = syscall("pidfd_open", pid, 0);
  if (fd < 0) throw failure(-fd, { call: "pidfd_open", tried: `open process ${pid}`, since: "5.3" });
  return new Descriptor(fd, `process ${pid}`);
}

/**
 * takeDescriptor duplicates a descriptor of another process, which notices nothing (5.6); it needs the right to trace it.
 * Throws BpfError `not-found` for one that is closed, `permission-denied`.
 */
export function takeDescriptor(process: Descriptor, number: number): Descriptor {
  const fd = syscall("pidfd_getfd", process.number, number, 0);
  if (fd < 0) {
    throw failure(-fd, {
      call: "pidfd_getfd",
      tried: `take descriptor ${number} of ${process.what}`,
      since: "5.6",
      capabilities: ["CAP_SYS_PTRACE"],
    });
  }
  return new Descriptor(fd, `descriptor ${number} of ${process.what}`);
}
