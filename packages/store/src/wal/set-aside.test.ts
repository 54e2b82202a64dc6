import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../store.js";
import { spanBlock } from "../testing/plain-block.js";
import { temporaryDirectory } from "../testing/temporary-directory.js";
import { writeLog } from "../testing/write-log.js";

test("a segment that cannot be read lets the others go on, is set aside and told, and is offered again", async (t) => {
  const dir = temporaryDirectory(t);
  const [log, other] = [join(dir, "data", "wal"), join(dir, "other")];
  for (const path of [log, other]) mkdirSync(path, { recursive: true });
  const [segment = ""] = await writeLog(other, [spanBlock("whole", 40)]);
  // Reading a directory fails as reading a bad sector does: each time, before the first byte.
  mkdirSync(join(log, "0000000001.wal"));
  const notices: string[] = [];
  const options = {
    dir: join(dir, "data"),
    asideAfter_ms: 0,
    onNotice: (text: string) => notices.push(text),
  };
  let behind = 0;
  const count = "SELECT count() AS n FROM traces";
  {
    await using store = await openStore(options);
    // Each one that goes on is a proof that it is not the engine; one is not enough.
    for (; store.stats().dropped["not-taken"] === undefined; behind += 7) {
      await store.append([spanBlock(`behind ${behind}`, 7)]);
      await store.flush();
      if (behind === 0) assert.deepEqual(store.stats().dropped, {});
    }
    assert.deepEqual(await (await store.query(count)).rows(), [{ n: behind }]);
    assert.deepEqual(store.stats().dropped, { "not-taken": { frames: 1, rows: 0 } });
    assert.equal(store.stats().waiting.segments, 0);
  }
  assert.deepEqual(readdirSync(log), ["damaged", "pending"]);
  const [aside = ""] = readdirSync(join(log, "damaged"));
  assert.match(aside, /^0000000001-\d+\.aside$/);
  assert.ok(
    notices.some((text) => text.includes(aside) && text.includes("offered again")),
    notices.join("\n"),
  );
  // The disk is mended: the segment is there again.
  rmSync(join(log, "damaged", aside), { recursive: true });
  copyFileSync(segment, join(log, "damaged", aside));
  await using store = await openStore(options);
  await store.flush();
  assert.deepEqual(await (await store.query(count)).rows(), [{ n: behind + 40 }]);
  assert.deepEqual(readdirSync(join(log, "damaged")), []);
});

test("an engine that takes nothing is waited for: nothing is set aside", async (t) => {
  const dir = temporaryDirectory(t);
  const log = join(dir, "wal");
  mkdirSync(join(log, "0000000001.wal"), { recursive: true });
  let tries = 0;
  await using store = await openStore({
    dir,
    asideAfter_ms: 0,
    onNotice: (text) => {
      if (text.includes("0000000001.wal")) tries++;
    },
  });
  while (tries < 14) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(store.stats().dropped, {});
  assert.equal(store.stats().waiting.segments, 1);
  assert.match(store.stats().engine.failure ?? "", /EISDIR|directory/);
});
