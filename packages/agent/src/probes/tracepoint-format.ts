import { readFileSync } from "node:fs";
import { BpfError, tracefs } from "@go3s/bpf";

/** tracepointFormat reads what the kernel says of a tracepoint's fields. Throws BpfError "not-supported" where it says nothing. */
export function tracepointFormat(category: string, name: string): string {
  const path = `${tracefs()}/events/${category}/${name}/format`;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new BpfError("not-supported", `no tracepoint ${category}:${name}: ${path} cannot be read`, {
      hint: "it needs CONFIG_FTRACE_SYSCALLS and tracefs, mounted at /sys/kernel/tracing",
      cause,
    });
  }
}
