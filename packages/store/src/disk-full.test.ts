import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StoreError } from "./errors.js";
import type { Store } from "./store.js";
import { openStore } from "./store.js";
import { plainBlock } from "./testing/plain-block.js";
import { temporaryDirectory } from "./testing/temporary-directory.js";

/** mountSmallDisk mounts a tmpfs of `mib` MiB, or says why it cannot. */
function mountSmallDisk(path: string, mib: number): string | undefined {
  if (process.getuid?.() !== 0) return "mounting a small disk needs root";
  const done = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "go3s-test", path], {
    encoding: "utf8",
  });
  return done.status === 0 ? undefined : `cannot mount a tmpfs: ${done.stderr}`;
}

/** ballast makes spans that hardly compress. */
function ballast(prefix: string, rows: number): ReturnType<typeof plainBlock> {
  return plainBlock("traces", rows, (name, row) => {
    if (name === "span_id") return `${prefix}-${row}`;
    if (name === "timestamp_ns") return BigInt(Date.now()) * 1_000_000n;
    if (name === "status_message") return randomBytes(1500).toString("latin1");
    return undefined;
  });
}

async function countOf(store: Store): Promise<{ n: number; ids: number }> {
  const result = await store.query("SELECT count() AS n, uniqExact(span_id) AS ids FROM traces");
  const [row] = await result.rows<{ n: number; ids: number }>();
  return row ?? { n: -1, ids: -1 };
}

test("a disk that is full refuses retryably, and all goes on when there is room: nothing acknowledged is lost", async (t) => {
  const directory = temporaryDirectory(t);
  const disk = join(directory, "disk");
  mkdirSync(disk);
  const why = mountSmallDisk(disk, 64);
  if (why !== undefined) {
    t.skip(why);
    return;
  }
  let store: Store | undefined;
  try {
    const filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(24 * 1024 * 1024));
    store = await openStore({ dir: join(disk, "data"), segmentBytesMax: 4 << 20 });
    let acknowledged = 0;
    let refusal: StoreError | undefined;
    for (let block = 0; block < 2000 && refusal === undefined; block++) {
      try {
        await store.append([ballast(`d${block}`, 100)]);
        acknowledged += 100;
      } catch (error) {
        assert.ok(error instanceof StoreError);
        refusal = error;
      }
    }
    assert.equal(refusal?.code, "disk-full");
    assert.equal(refusal?.retryable, true);
    assert.ok(acknowledged > 0);
    rmSync(filler);
    await store.append([ballast("after", 100)]);
    acknowledged += 100;
    await store.flush();
    assert.deepEqual(await countOf(store), { n: acknowledged, ids: acknowledged });
    assert.ok((store.stats().refused["disk-full"] ?? 0) >= 1);
    assert.deepEqual(store.stats().dropped, {});
  } finally {
    await store?.close();
    spawnSync("umount", [disk]);
  }
});
