import { basename } from "node:path";
import type { Executable } from "./executable.js";
import type { ProcessFacts } from "./proc.js";

/**
 * ThreadKind is how a program's threads go on with what they read, see probes/threads.go3s: "at-once" before they read anything else, as libuv's
 * and nginx's loops do; "serial" where nothing is known but that a thread does one thing after the other.
 */
export type ThreadKind = "serial" | "at-once";

// libuv: uv__io_poll() of src/unix/linux.c calls what a descriptor's bytes are for before it looks at the next one, and Node runs what that
// has resolved before it returns. nginx: ngx_epoll_process_events().
const atOnce = /^(?:nginx|haproxy|lighttpd)$/;

/** threadKind says how a program's threads go on with what they read; undefined for Go's, whose goroutines say whose work it is. */
export function threadKind(
  { isGo, runtime }: Pick<Executable, "isGo" | "runtime">,
  { executable }: Pick<ProcessFacts, "executable">,
): ThreadKind | undefined {
  if (isGo) return undefined;
  return runtime?.name === "nodejs" || atOnce.test(basename(executable)) ? "at-once" : "serial";
}
