import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BpfError } from "../errors.js";
import { findCgroups } from "../link/cgroup.js";

let count = 0;

/** OwnCgroup is a cgroup of a test's own, which this process can enter and leave. */
export class OwnCgroup {
  readonly path: string;
  readonly #root: string;
  readonly #before: string;

  constructor() {
    this.#root = findCgroups();
    this.#before = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
    this.path = join(this.#root, `go3s_test_${process.pid}_${count++}`);
    mkdirSync(this.path);
  }

  /** enter moves this process into it, all its threads. */
  enter(): void {
    writeFileSync(join(this.path, "cgroup.procs"), `${process.pid}`);
  }

  leave(): void {
    writeFileSync(join(this.#root, this.#before, "cgroup.procs"), `${process.pid}`);
  }

  [Symbol.dispose](): void {
    try {
      this.leave();
    } finally {
      rmdirSync(this.path);
    }
  }
}

/** skipWithoutCgroups gives the reason why no cgroup can be made here, false when one can. */
export function skipWithoutCgroups(): string | false {
  try {
    new OwnCgroup()[Symbol.dispose]();
    return false;
  } catch (error) {
    if (error instanceof BpfError) return error.message;
    return `no cgroup can be made here: ${error instanceof Error ? error.message : error}`;
  }
}
