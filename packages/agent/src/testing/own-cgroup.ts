import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";
import { findCgroups } from "@go3s/bpf";
import { eventually } from "./wait.js";

/** OwnCgroup is a cgroup that a test has made, so that what it attaches there sees its own processes only. */
export interface OwnCgroup {
  readonly path: string;
  /** run starts a program in it. */
  run(command: readonly string[], options?: SpawnOptions): ChildProcess;
  /** remove kills what still runs there and deletes it. */
  remove(): Promise<void>;
}

let made = 0;

/** newCgroup makes one, by a name where it matters. */
export function newCgroup(name = `go3s-test-${process.pid}-${++made}`): OwnCgroup {
  const path = `${findCgroups()}/${name}`;
  mkdirSync(path);
  const running: ChildProcess[] = [];
  return {
    path,
    run(command, options = {}) {
      const child = spawn("sh", ["-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', path, ...command], {
        stdio: ["pipe", "pipe", "inherit"],
        ...options,
      });
      running.push(child);
      return child;
    },
    async remove() {
      for (const child of running) child.kill("SIGKILL");
      // The kernel keeps a cgroup busy until its last process is gone.
      await eventually("an empty cgroup", () => {
        try {
          rmdirSync(path);
          return true;
        } catch {
          return false;
        }
      });
    },
  };
}
