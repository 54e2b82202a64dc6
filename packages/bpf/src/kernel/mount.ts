import { failure } from "./failure.js";
import { addressOf, syscall } from "./syscall.js";

/** mountFileSystem mounts a kernel file system ("tracefs", "bpf") on an existing folder. Throws BpfError. */
export function mountFileSystem(type: string, target: string): void {
  const encoder = new TextEncoder();
  const source = encoder.encode(`${type}\0`);
  const folder = encoder.encode(`${target}\0`);
  const result = syscall("mount", addressOf(source), addressOf(folder), addressOf(source), 0, 0);
  if (result < 0) {
    throw failure(-result, {
      call: "mount",
      tried: `mount ${type} on ${target}`,
      capabilities: ["CAP_SYS_ADMIN"],
    });
  }
}
