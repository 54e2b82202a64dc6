import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** SmallDisk is a file system of its own, in memory, that a test may fill. */
export interface SmallDisk {
  /** fill leaves `left` bytes of room. */
  fill(left?: number): void;
  /** free takes the filling away. */
  free(): void;
  /** unmount needs that nothing is open there any more. */
  unmount(): void;
}

/** mountSmallDisk mounts one of `mib` MiB on an empty folder, or says why it cannot. */
export function mountSmallDisk(folder: string, mib: number): SmallDisk | string {
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", folder], {
    encoding: "utf8",
  });
  if (mounted.status !== 0) return `a disk of its own cannot be mounted: ${mounted.stderr}`;
  let fillers = 0;
  const spare = join(folder, "spare");
  return {
    fill(left = 0) {
      const kept = openSync(spare, "w");
      if (left > 0) writeSync(kept, Buffer.alloc(left));
      closeSync(kept);
      const file = openSync(join(folder, `filler-${fillers++}`), "w");
      try {
        for (let size = 1 << 20; size >= 1; ) {
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size = Math.floor(size / 16);
          }
        }
      } finally {
        closeSync(file);
      }
      rmSync(spare);
    },
    free() {
      for (; fillers > 0; fillers--) rmSync(join(folder, `filler-${fillers - 1}`), { force: true });
    },
    unmount() {
      spawnSync("umount", [folder]);
    },
  };
}
