import assert from "node:assert/strict";
import { test } from "node:test";
import { refused } from "../testing/errors.js";
import { findFile, functionOffsets, isPattern, matcher, symbolOffset } from "./symbol.js";

test("patterns fit names as a shell's do", () => {
  const cases: readonly [pattern: string, name: string, fits: boolean][] = [
    ["tcp_*msg", "tcp_sendmsg", true],
    ["tcp_*msg", "tcp_sendmsg_locked", false],
    ["main.(*Server).Serve*", "main.(*Server).ServeHTTP", true],
    ["main.(*Server).Serve*", "main.xServerx.ServeHTTP", false],
    ["read?", "readv", true],
    ["read?", "read", false],
    ["**", "", true],
    ["a[b]", "ab", false],
  ];
  for (const [pattern, name, fits] of cases) assert.equal(matcher(pattern)(name), fits, `${pattern} ${name}`);
  assert.deepEqual(["a*", "a?", "main.(*T).F", "plain"].map(isPattern), [true, true, true, false]);
});

test("files and functions that are not there are named", { skip: process.platform !== "linux" }, () => {
  assert.equal(findFile("/any/where"), "/any/where");
  assert.throws(
    () => findFile("no_such_library.so"),
    refused("not-found", /whole path; looked for .*\/lib64/),
  );
  assert.throws(
    () => symbolOffset(process.execPath, "no_such"),
    refused("not-found", /no function "no_such"/),
  );
  assert.throws(
    () => functionOffsets(process.execPath, "no_such_*"),
    refused("not-found", /no function that fits "no_such_\*"/),
  );
});
