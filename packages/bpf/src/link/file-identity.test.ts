import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileIdentity, withFile } from "./file-identity.js";
import { isStaleProcess } from "./uprobe-multi.js";

test("a path leads to the file that was looked at, or nowhere", () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-identity-"));
  try {
    const [first, second, link] = ["first", "second", "link"].map((name) => join(folder, name));
    assert.ok(first && second && link);
    writeFileSync(first, "one");
    writeFileSync(second, "two");
    symlinkSync(first, link);
    const identity = fileIdentity(link);
    assert.equal(identity, fileIdentity(first));
    assert.equal(
      withFile(link, identity, (path) => {
        // Whatever happens to the name meanwhile.
        rmSync(link);
        symlinkSync(second, link);
        return readFileSync(path, "utf8");
      }),
      "one",
    );
    const read = (path: string) => readFileSync(path, "utf8");
    assert.equal(withFile(link, undefined, read), "two");
    assert.throws(() => withFile(link, identity, read), isStaleProcess);
    assert.throws(() => withFile(join(folder, "none"), identity, read), isStaleProcess);
    // Another name does not make it another file.
    renameSync(first, join(folder, "third"));
    assert.equal(withFile(join(folder, "third"), identity, read), "one");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
