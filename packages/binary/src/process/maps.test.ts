import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BinaryError } from "../errors.js";
import { mappingAt, parseMaps, readMaps } from "./maps.js";

const text = `55d0a0000000-55d0a0001000 r-xp 00002000 fd:01 1234                       /usr/bin/a program
55d0a0001000-55d0a0002000 rw-s 00000000 00:01 99                         /memfd:x (deleted)
55d0a0003000-55d0a0004000 rw-p 00000000 00:00 0
55d0a0005000-55d0a0006000 r--p 00000000 fd:01 7                          /tmp/new\\012line (deleted)
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
garbage
`;

test("each kind of mapping is read", () => {
  const maps = parseMaps(text);
  assert.deepEqual(
    maps.map((row) => [row.path, row.deleted, row.executable, row.inode]),
    [
      ["/usr/bin/a program", false, true, 1234],
      ["/memfd:x", true, false, 99],
      ["", false, false, 0],
      ["/tmp/new\nline", true, false, 7],
      ["[stack]", false, false, 0],
    ],
  );
  assert.equal(maps[0]?.fileOffset, 0x2000);
  assert.equal(mappingAt(maps, 0x55d0a0000fff)?.path, "/usr/bin/a program");
  assert.equal(mappingAt(maps, 0x55d0a0002000), undefined);
  assert.equal(mappingAt(maps, 0), undefined);
});

test("this process's own map holds its executable", () => {
  assert.ok(readMaps(process.pid).some((row) => row.executable && row.path === process.execPath));
  assert.throws(
    () => readMaps(0x7fff_fff0),
    (error) => error instanceof BinaryError && error.code === "no-process",
  );
});

test("any text gives rows in which start is below end", () => {
  const piece = fc.constantFrom(
    "55d0",
    "-",
    " ",
    "r-xp",
    "0",
    "fd:01",
    "\n",
    "(deleted)",
    "/a",
    "ffffffffffffffff",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      for (const row of parseMaps(pieces.join(""))) assert.ok(row.start < row.end);
    }),
    { numRuns: 2_000 },
  );
});
