import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnswerEnd, readFailure } from "./answer-end.js";

const ready = "Z\0\0\0\x05I";
const message = (type: string, text: string): string => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + Buffer.byteLength(text));
  return type + length.toString("latin1") + text;
};

/** read gives rows returned and changed by an answer of which the last 32 bytes were kept, the last read being `last`. */
function read(answer: string, last = answer.length): (number | undefined)[] {
  const bytes = Buffer.from(`##${answer}`, "latin1");
  const split = bytes.length - last;
  const from = Math.max(0, bytes.length - 32);
  const rows = { returnedRows: -1, affectedRows: -1 };
  if (last >= 32) readAnswerEnd(bytes, 0, 0, from, bytes.length - from, rows);
  else {
    const earlier = Math.max(0, split - 32);
    readAnswerEnd(bytes, earlier, split - earlier, split, last, rows);
  }
  return [rows.returnedRows, rows.affectedRows];
}

test("the rows that an answer's end counts are returned or changed", () => {
  const row = message("D", "\0\x01\0\0\0\x0242".repeat(9));
  const rows = [
    [message("C", "SELECT 20\0"), 20, -1],
    [message("C", "SELECT 123456789012\0"), 123456789012, -1],
    [message("C", "FETCH 0\0"), 0, -1],
    [message("C", "INSERT 0 7\0"), -1, 7],
    [message("C", "INSERT 0 12345678901\0"), -1, 12345678901],
    [message("C", "UPDATE 3\0"), -1, 3],
    [message("C", "MERGE 4\0"), -1, 4],
    [message("C", "BEGIN\0"), -1, -1],
    [message("C", "CREATE TABLE\0"), -1, -1],
    [message("T", "\0\0"), -1, -1],
  ] as const;
  for (const [end, returned, changed] of rows) {
    assert.deepEqual(read(row + end + ready), [returned, changed], end);
    // Whole when it is all that was read, and in two reads wherever they part.
    assert.deepEqual(read(end + ready), [returned, changed], end);
    for (let last = 1; last < 31; last++)
      assert.deepEqual(read(row + end + ready, last), [returned, changed], `${last} of ${end}`);
  }
});

test("what is no end of an answer says nothing", () => {
  const done = message("C", "SELECT 20\0");
  for (const bytes of [
    "",
    "Z",
    ready,
    done,
    `${done}Z\0\0\0\x06I`,
    ` 20\0${ready}`,
    `SELECT 20\0${ready}`,
    `C\0\0\0\x0fSELECT 20\0${ready}`,
    `C\0\x01\0\x0eSELECT 20\0${ready}`,
    `D\0\0\0\x0eSELECT 20\0${ready}`,
  ])
    assert.deepEqual(read(bytes), [-1, -1], bytes);
});

test("an error's SQLSTATE is read as far as it was kept", () => {
  const text = "SERROR\0VERROR\0C42P01\0Mrelation does not exist\0\0";
  const failure = (bytes: string, kept = bytes.length) =>
    readFailure(Buffer.from(bytes, "latin1"), 0, Math.min(kept, bytes.length));
  assert.equal(failure(message("E", text)), "42P01");
  assert.equal(failure(message("E", text), 64), "42P01");
  assert.equal(failure(message("E", text), 22), "");
  assert.equal(failure(message("E", "SERROR\0\0")), "");
  assert.equal(failure(message("N", text)), "");
  assert.equal(failure(""), "");
});
