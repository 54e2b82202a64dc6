import { closeSync, openSync } from "node:fs";
import { BpfError } from "../errors.js";
import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { syscall } from "./syscall.js";

// include/uapi/linux/sched.h
const CLONE_NEWNET = 0x40000000;

/** A namespace belongs to a thread; Node's own calls here are made by the thread that asks. */
const OWN = "/proc/thread-self/ns/net";

function openNamespace(path: string): Descriptor {
  try {
    return new Descriptor(openSync(path, "r"), `network namespace ${path}`);
  } catch (cause) {
    throw new BpfError("not-found", `cannot open network namespace ${path}`, {
      hint: "give a path as /proc/PID/ns/net or /run/netns/NAME",
      cause,
    });
  }
}

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
  using there = openNamespace(path);
  using back = openNamespace(OWN);
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
  return openNamespace(path);
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

/** openFolder opens a folder for the calls that take one by descriptor (cgroups). Throws BpfError `not-found`. */
export function openFolder(path: string, what: string): Descriptor {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    throw new BpfError("not-found", `cannot open ${what} ${path}`, { cause });
  }
  try {
    return new Descriptor(fd, `${what} ${path}`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
