import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StoreError } from "./errors.js";
import { openStore } from "./store.js";
import type { Store } from "./store-types.js";
import { plainBlock, spanIdOf } from "./testing/plain-block.js";
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
    if (name === "span_id") return spanIdOf(`${prefix}-${row}`);
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

test("an engine whose own disk is full keeps nothing from being acknowledged, and takes it all when there is room", async (t) => {
  const dir = join(temporaryDirectory(t), "data");
  const disk = join(dir, "db");
  mkdirSync(disk, { recursive: true });
  const why = mountSmallDisk(disk, 96);
  if (why !== undefined) {
    t.skip(why);
    return;
  }
  let store: Store | undefined;
  try {
    let notices = 0;
    store = await openStore({
      dir,
      waitingBytesMax: 24 << 20,
      onNotice: (text) => {
        if (text.includes("cannot insert")) notices++;
      },
    });
    const { bavail, bsize } = statfsSync(disk);
    const filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 64 * 1024)));
    let acknowledged = 0;
    let refusal: unknown;
    // 24 MiB may wait; each block has 150 kB.
    for (let block = 0; block < 400 && refusal === undefined; block++) {
      await store.append([ballast(`e${block}`, 100)]).then(
        () => {
          acknowledged += 100;
        },
        (error: unknown) => {
          refusal = error;
        },
      );
    }
    assert.ok(refusal instanceof StoreError);
    assert.deepEqual([refusal.code, refusal.retryable], ["store-busy", true]);
    assert.ok(acknowledged > 10_000);
    while (notices === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(String(store.stats().engine.failure), /no room|space/);
    rmSync(filler);
    await store.flush();
    await store.append([ballast("after", 100)]);
    acknowledged += 100;
    await store.flush();
    assert.deepEqual(await countOf(store), { n: acknowledged, ids: acknowledged });
    assert.deepEqual(store.stats().dropped, {});
  } finally {
    await store?.close();
    spawnSync("umount", [disk]);
  }
});

test("what waits longer than it may refuses what arrives, and is kept", async (t) => {
  const store = await openStore({ dir: temporaryDirectory(t), waitingSecondsMax: 0.05, engineNice: 5 });
  try {
    await store.append([ballast("first", 10)]);
    // The engine is stopped, not killed: it takes nothing, like one whose disk hangs.
    const pid = store.stats().engine.pid ?? 0;
    process.kill(pid, "SIGSTOP");
    try {
      let refusal: unknown;
      let acknowledged = 10;
      while (refusal === undefined) {
        await store.append([ballast(`more${acknowledged}`, 10)]).then(
          () => {
            acknowledged += 10;
          },
          (error: unknown) => {
            refusal = error;
          },
        );
      }
      assert.ok(refusal instanceof StoreError);
      assert.equal(refusal.code, "store-busy");
      assert.match(refusal.message, /has waited/);
      process.kill(pid, "SIGCONT");
      await store.flush();
      assert.equal((await countOf(store)).n, acknowledged);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  } finally {
    await store.close();
  }
});
