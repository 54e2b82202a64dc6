import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { zipMember } from "./zip-member.js";

const folder = mkdtempSync(join(tmpdir(), "go3s-zip-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** zip makes an archive of files that are stored, or said to be compressed. */
function zip(files: readonly { name: string; bytes: Buffer; method: number }[], comment = ""): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, method } of files) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x0403_4b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(bytes.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(3, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x0201_4b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt32LE(bytes.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    entries.push(entry, Buffer.from(name));
    parts.push(local, Buffer.from(name), Buffer.alloc(3), bytes);
    at += 30 + name.length + 3 + bytes.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, directory, end, Buffer.from(comment)]);
}

const archive = join(folder, "app.apk");
const whole = zip(
  [
    { name: "readme", bytes: Buffer.from("text"), method: 0 },
    { name: "lib/x.so", bytes: Buffer.from("\x7fELF and more"), method: 0 },
    { name: "small", bytes: Buffer.from("packed"), method: 8 },
  ],
  "a comment",
);

test("a stored member is found where it stands in the archive", () => {
  writeFileSync(archive, whole);
  const found = zipMember(`${archive}!/lib/x.so`);
  assert.equal(found?.archive, archive);
  assert.equal(
    whole.toString("latin1", found?.offset, (found?.offset ?? 0) + (found?.size ?? 0)),
    "\x7fELF and more",
  );
});

test("compressed and missing members, other files and plain paths are none", () => {
  writeFileSync(archive, whole);
  assert.equal(zipMember(`${archive}!/small`), undefined);
  assert.equal(zipMember(`${archive}!/gone`), undefined);
  assert.equal(zipMember(archive), undefined);
  assert.equal(zipMember(`${folder}/gone.zip!/x`), undefined);
});

test("archives that are cut or broken give nothing, at any place", () => {
  for (let length = 0; length < whole.length - "a comment".length; length += 3) {
    writeFileSync(archive, whole.subarray(0, length));
    assert.equal(zipMember(`${archive}!/lib/x.so`), undefined);
  }
  for (let at = 0; at < whole.length; at++) {
    const broken = Buffer.from(whole);
    broken[at] = 0xff;
    writeFileSync(archive, broken);
    zipMember(`${archive}!/lib/x.so`);
  }
});
