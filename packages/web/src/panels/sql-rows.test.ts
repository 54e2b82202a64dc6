import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRowReader, rowAt } from "./sql-rows.js";

// As ClickHouse 25 writes it, with a text that looks like the rows' end.
const meta =
  '{\n\t"meta":\n\t[\n\t\t{\n\t\t\t"name": "s",\n\t\t\t"type": "String"\n\t\t}\n\t],\n\n\t"data":\n\t[\n';
const tail =
  '\n\t],\n\n\t"rows": 3,\n\n\t"statistics":\n\t{\n\t\t"elapsed": 0.5,\n\t\t"rows_read": 7,\n\t\t"bytes_read": 9\n\t}\n}\n';
const texts = ['\t\t["],\\n\\t],"]', '\t\t["b"]', "\t\t[9007199254740993]"];
const answer = meta + texts.join(",\n") + tail;

describe("rows as they come", () => {
  it("are the same wherever the pieces are cut", () => {
    for (let first = 0; first < answer.length; first++) {
      const reader = createRowReader();
      reader.feed(answer.slice(0, first));
      reader.rows();
      reader.feed(answer.slice(first, first + 3));
      reader.feed(answer.slice(first + 3));
      const rows = reader.finish();
      assert.equal(rows.lines.length, 3, `cut at ${first}`);
      assert.deepEqual([rowAt(rows, 0), rowAt(rows, 1)], [["],\n\t],"], ["b"]]);
      assert.equal(rows.statistics?.rows_read, 7);
      assert.equal(rows.meta[0]?.name, "s");
    }
  });

  it("may be none, or come in one piece", () => {
    const none = createRowReader();
    none.feed(`${meta}\n\t],\n\n\t"rows": 0\n}\n`);
    assert.equal(none.finish().lines.length, 0);
    const whole = createRowReader();
    whole.feed('{"meta":[{"name":"n","type":"UInt8"}],"data":[[1],[2]],"rows":2}');
    assert.deepEqual(whole.finish().lines, ["[1]", "[2]"]);
  });

  it("that break off are no result", () => {
    for (const length of [20, meta.length + 10, answer.length - 10]) {
      const reader = createRowReader();
      reader.feed(answer.slice(0, length));
      assert.throws(() => reader.finish(), SyntaxError);
    }
  });
});
