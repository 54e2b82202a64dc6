import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCgroups } from "@go3s/bpf";

/** OwnCgroup is a cgroup with this process in it. */
export interface OwnCgroup {
  readonly path: string;
  /** close puts the process back and takes the cgroup away. */
  close(): void;
  [Symbol.dispose](): void;
}

/** ownCgroup makes a cgroup and moves this process into it: programs there see its sockets and nobody else's. */
export function ownCgroup(): OwnCgroup {
  const root = findCgroups();
  const path = join(root, `go3s-example-${process.pid}`);
  mkdirSync(path);
  const close = (): void => {
    writeFileSync(join(root, "cgroup.procs"), String(process.pid));
    rmdirSync(path);
  };
  writeFileSync(join(path, "cgroup.procs"), String(process.pid));
  return { path, close, [Symbol.dispose]: close };
}
