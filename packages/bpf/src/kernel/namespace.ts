import { failure } from "./failure.js";
import type { Descriptor } from "./fd.js";
import { openPath } from "./open.js";
import { syscall } from "./syscall.js";

// include/uapi/linux/sched.h
const CLONE_NEWNET = 0x40000000;

/** A namespace belongs to a thread; Node's own calls here are made by the thread that asks. */
const OWN = "/proc/thread-self/ns/net";

const HINT = "give a path as /proc/PID/ns/net or /run/netns/NAME";

function enter(fd: number, what: string): void {
  const result = syscall("setns", fd, CLONE_NEWNET);
  if (result < 0) {
    throw failure(-result, { call: "setns", tried: `enter ${what}`, capabilities: ["CAP_SYS_ADMIN"] });
  }
}

/**
 * inNetworkNamespace runs synchronous work with this thread in another network namespace: links made there stay
 * there when the thread is back. Nothing asynchronous may be started inside. Throws BpfError.
 *
 *     const link = inNetworkNamespace("/proc/4711/ns/net", () => attachXdp(program, { interface: "eth0" }));
 */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  using there = openNetworkNamespace(path);
  using back = openNetworkNamespace();
  enter(there.number, `network namespace ${path}`);
  try {
    return work();
  } finally {
    enter(back.number, "this thread's own network namespace");
  }
}

/**
 * openNetworkNamespace gives a descriptor of a namespace by path, by default of this thread's own; sk_lookup and
 * flow dissector programs attach to it.
 */
export function openNetworkNamespace(path: string = OWN): Descriptor {
  return openPath(path, "network namespace", HINT);
}

/**
 * leaveNetworkNamespace moves this thread, for good, into a new network namespace that holds nothing but a
 * loopback interface, and that goes with the last process in it. Sockets made before stay where they are.
 */
export function leaveNetworkNamespace(): void {
  const result = syscall("unshare", CLONE_NEWNET);
  if (result < 0) {
    throw failure(-result, {
      call: "unshare",
      tried: "make a network namespace",
      capabilities: ["CAP_SYS_ADMIN"],
    });
  }
}
