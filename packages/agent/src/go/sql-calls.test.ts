import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type GoBinary, goOffsets, openGoBinary } from "@go3s/binary";
import { type BuiltProgram, buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { sqlSource } from "../testing/sql-service.go.js";
import { callCookie, callInside, Operation } from "./call-site.js";
import { sqlCalls, sqlStructs } from "./sql-calls.js";

test("a cookie has each part where the probes look for it", () => {
  const cookie = callCookie(
    { operation: Operation.commit, text: 7, textAt: 8, type: 3, typeAt: 40, noted: true },
    152,
  );
  assert.equal(cookie & 0xffn, 5n);
  assert.equal((cookie >> 8n) & 15n, 7n);
  assert.equal((cookie >> 12n) & 15n, 3n);
  assert.equal((cookie >> 16n) & 15n, 1n | 2n | 8n);
  assert.equal((cookie >> 20n) & 0xfffn, 152n);
  assert.equal((cookie >> 32n) & 0xffffn, 8n);
  assert.equal(cookie >> 48n, 40n);
});

test("what a site does not have is nowhere", () => {
  const cookie = callCookie({}, 160);
  assert.equal((cookie >> 8n) & 0xffn, 0xffn);
  assert.equal((callCookie({ error: 0 }, 160) >> 8n) & 15n, 0n);
});

describe("sites in a program", { skip: whyNoLiveTests() ?? false }, () => {
  let program: BuiltProgram;
  let binary: GoBinary;
  before(() => {
    program = buildGoService(sqlSource);
    binary = openGoBinary(program.path);
  });
  after(() => {
    binary.close();
    program.remove();
  });

  test("all of them are found, no two at one place", () => {
    const { sites, lost } = sqlCalls(binary, goOffsets(binary, sqlStructs), 152);
    assert.deepEqual(lost, []);
    assert.equal(sites.length, 15);
    assert.equal(new Set(sites.map((site) => site.fileOffset)).size, 15);
  });

  test("without the goroutine's id there are none, which is said", () => {
    const { sites, lost } = sqlCalls(binary, goOffsets(binary, sqlStructs), undefined);
    assert.deepEqual(sites, []);
    assert.match(lost.join(), /^queries: /);
    const old = { ...binary, version: { major: 1, minor: 16, patch: 15 } };
    assert.match(sqlCalls(old, goOffsets(old, sqlStructs), undefined).lost.join(), /before 1\.17/);
  });

  test("a call that is not there has no place", () => {
    assert.equal(callInside(binary, "database/sql.(*Tx).Commit", "runtime.newproc1"), undefined);
    assert.equal(callInside(binary, "main.nothing", "runtime.newproc1"), undefined);
  });
});
