import { basename } from "node:path";
import type { Executable } from "./executable.js";
import type { ProcessFacts } from "./proc.js";

/**
 * ThreadKind is how a program's threads go on with what they read, see probes/threads.go3s: "at-once" before they read anything else, as nginx's
 * loop does; "at-once-or-later" those that also have timers, files and threads that they wait for, as libuv's; "serial" where nothing is known but
 * that a thread does one thing after the other.
 */
export type ThreadKind = "serial" | "at-once" | "at-once-or-later";

// libuv: uv__io_poll() of src/unix/linux.c calls what a descriptor's bytes are for before it looks at the next one, and Node runs what that
// has resolved before it returns. nginx: ngx_epoll_process_events(). HAProxy is none: its tasks run when all that came has been read.
const atOnce = /^(?:nginx|lighttpd)$/;

/** threadKind says how a program's threads go on with what they read; undefined for Go's, whose goroutines say whose work it is. */
export function threadKind(
  { isGo, runtime }: Pick<Executable, "isGo" | "runtime">,
  { executable }: Pick<ProcessFacts, "executable">,
): ThreadKind | undefined {
  if (isGo) return undefined;
  if (runtime?.name === "nodejs") return "at-once-or-later";
  return atOnce.test(basename(executable)) ? "at-once" : "serial";
}
