import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { probeSources } from "./compile.js";
import { cacheKey, openObjectCache } from "./object-cache.js";

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "go3s-cache-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const object = Uint8Array.of(1, 2, 3, 4, 5);

test("an object comes back for its own key alone", () =>
  inFolder((folder) => {
    const cache = openObjectCache(join(folder, "new"));
    const sources = probeSources();
    const key = cacheKey(sources);
    assert.equal(cache.read(key), undefined);
    cache.write(key, object);
    assert.deepEqual(cache.read(key), object);
    assert.deepEqual(cacheKey(sources), key);
    const changed = sources.map((each, i) => (i === 0 ? { ...each, text: `${each.text}\n` } : each));
    assert.equal(cache.read(cacheKey(changed)), undefined);
    assert.equal(readdirSync(join(folder, "new")).length, 1);
  }));

test("a damaged object, or one that others may write, is not used", () =>
  inFolder((folder) => {
    const cache = openObjectCache(folder);
    const key = cacheKey([]);
    cache.write(key, object);
    const path = join(folder, readdirSync(folder)[0] ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = 0;
    writeFileSync(path, bytes);
    assert.equal(cache.read(key), undefined);
    writeFileSync(path, bytes.subarray(0, 40));
    assert.equal(cache.read(key), undefined);
    cache.write(key, object);
    chmodSync(path, 0o666);
    assert.equal(cache.read(key), undefined);
    chmodSync(path, 0o600);
    assert.deepEqual(cache.read(key), object);
    chmodSync(folder, 0o777);
    assert.equal(cache.read(key), undefined);
  }));

test("a folder that cannot be made costs nothing but the cache", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "file"), "");
    const cache = openObjectCache(join(folder, "file"));
    cache.write(cacheKey([]), object);
    assert.equal(cache.read(cacheKey([])), undefined);
    assert.ok(existsSync(join(folder, "file")));
    // Node's recursive mkdir never comes back from there.
    const nowhere = openObjectCache("/proc/go3s/cache");
    nowhere.write(cacheKey([]), object);
    assert.equal(nowhere.read(cacheKey([])), undefined);
  }));

test(
  "a folder that may not be entered costs nothing but the cache",
  { skip: process.geteuid?.() !== 0 },
  () =>
    inFolder((folder) => {
      const closed = join(folder, "closed");
      mkdirSync(closed, { mode: 0o700 });
      process.seteuid?.(65534);
      try {
        const cache = openObjectCache(closed);
        cache.write(cacheKey([]), object);
        assert.equal(cache.read(cacheKey([])), undefined);
      } finally {
        process.seteuid?.(0);
      }
    }),
);
