import assert from "node:assert/strict";
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { newDiskRoom } from "./disk-room.js";
import { StoreError } from "./errors.js";

function refused(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "disk-full");
    assert.equal(error.retryable, true);
    return true;
  }
}

test("the log stops before the disk is full, an insert before its files would not fit", () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  const free = bavail * bsize;
  const room = newDiskRoom({ log: tmpdir(), temporary: tmpdir(), database: tmpdir() });
  // Others use this disk too: half and double of what is free are far enough from the edge.
  assert.ok(
    refused(() => room.requireForAppend(free)),
    "all that is free leaves nothing in reserve",
  );
  assert.ok(!refused(() => room.requireForAppend(1)));
  assert.ok(
    refused(() => room.requireForInsert(free)),
    "a segment needs twice its size",
  );
  assert.ok(!refused(() => room.requireForInsert(free / 4)));
});
