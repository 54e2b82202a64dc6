import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { shopSpans, shopTraces } from "../testing/shop.js";
import { send, start } from "../testing/start.js";

/** fill writes a file until there is no room left. */
function fill(path: string): void {
  const file = openSync(path, "w");
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
}

test("a full disk gives a retryable refusal, and room makes it go on with nothing lost", async (t) => {
  const disk = mkdtempSync(join(tmpdir(), "go3s-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256m", "tmpfs", disk], { encoding: "utf8" });
  if (mounted.status !== 0) {
    rmSync(disk, { recursive: true });
    t.skip(`a disk of its own cannot be mounted: ${mounted.stderr}`);
    return;
  }
  const started = await start({}, { dir: join(disk, "data") });
  t.after(async () => {
    await started.close();
    spawnSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  });
  const { otlp_http, web } = started.server.addresses;
  const post = () =>
    send(`${otlp_http}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: shopSpans(Date.now()),
    });
  assert.equal((await post()).status, 200);
  await started.store.flush();

  const filler = join(disk, "filler");
  fill(filler);
  // What the log has reserved may take a few requests more.
  let acknowledged = 1;
  let refused = await post();
  for (; refused.status === 200 && acknowledged < 5000; refused = await post()) {
    acknowledged++;
    if (acknowledged % 100 === 0) fill(join(disk, `filler-${acknowledged}`));
  }
  assert.equal(refused.status, 503);
  assert.equal(refused.headers["retry-after"], "5");
  assert.equal((await send(`${web}/healthz`)).status, 200);
  assert.equal(started.server.status().store.state, "disk-full");
  assert.equal((await send(`${web}/readyz`)).status, 503);
  assert.ok(started.server.status().dropped.some((drop) => drop.reason === "disk-full"));

  spawnSync("sh", ["-c", `rm -f ${disk}/filler*`]);
  let again = await post();
  for (let i = 0; again.status !== 200 && i < 100; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    again = await post();
  }
  assert.equal(again.status, 200);
  await started.store.flush();
  const result = await started.store.query("SELECT count() FROM traces", { format: "TSV" });
  assert.equal(await result.text(), `${(acknowledged + 1) * shopTraces * 7}\n`);
});
