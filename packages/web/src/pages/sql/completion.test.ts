import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completeSql, namedTables, type Schema } from "./completion.js";

const schema: Schema = {
  tables: new Map([
    ["traces", [{ label: "trace_id" }, { label: "duration_ns" }]],
    ["logs", [{ label: "trace_id" }, { label: "body" }]],
  ]),
  functions: [{ label: "quantile" }],
};

/** labels of what is offered where | stands. */
function labels(text: string): readonly string[] | undefined {
  return completeSql(text.replace("|", ""), text.indexOf("|"), false, schema)?.options.map(
    (option) => option.label,
  );
}

describe("completion of SQL", () => {
  it("offers tables after FROM, columns after a table's name or the one it was given", () => {
    assert.deepEqual(labels("SELECT 1 FROM tr|"), ["traces", "logs"]);
    assert.deepEqual(labels("SELECT l.| FROM traces AS t JOIN logs l ON 1"), ["trace_id", "body"]);
    assert.deepEqual(labels("SELECT traces.du| FROM traces"), ["trace_id", "duration_ns"]);
    assert.deepEqual([...namedTables("FROM traces WHERE x", schema.tables)], [["traces", "traces"]]);
  });

  it("puts the statement's own columns before tables, words and functions", () => {
    const found = labels("SELECT d| FROM traces JOIN logs AS l ON 1") ?? [];
    assert.deepEqual(found.slice(0, 4), ["trace_id", "duration_ns", "body", "traces"]);
    assert.ok(found.includes("quantile") && found.includes("SELECT"));
  });

  it("offers nothing in texts and comments", () => {
    assert.equal(labels("SELECT 'it| FROM traces"), undefined);
    assert.equal(labels("SELECT 1 -- fro|"), undefined);
    assert.notEqual(labels("SELECT 'a\\'b', tr|"), undefined);
  });
});
