import assert from "node:assert/strict";
import { test } from "node:test";
import type { WholeSpan } from "../whole/spans.js";
import type { Pipeline } from "./ast.js";
import { runPipeline } from "./evaluate.js";
import { parseTraceql } from "./parse.js";
import { traceOf } from "./trace.js";

function span(id: string, parent: string, operation = id): WholeSpan {
  return {
    trace_id: "t",
    span_id: id,
    parent_span_id: parent,
    trace_state: "",
    flags: 0,
    service_name: "s",
    operation,
    kind: 1,
    status: 0,
    status_message: "",
    start_ns: 1n,
    duration_ns: 2n,
    scope_name: "",
    scope_version: "",
    resource: "r",
    attributes: {},
    resource_attributes: {},
    attribute_types: {},
    resource_attribute_types: {},
    events: [],
    links: [],
  };
}

function pipelineOf(text: string): Pipeline {
  const { root } = parseTraceql(text);
  if (root.kind !== "pipeline") throw new Error(`${text} finds no spans`);
  return root;
}

const names = (text: string, spans: readonly WholeSpan[]): string[] =>
  runPipeline(pipelineOf(text), traceOf(spans)).flatMap((set) =>
    set.spans.map(({ span: each }) => each.span_id),
  );

test("nested sets hold a span's descendants within its own numbers", () => {
  const { spans } = traceOf([span("a", ""), span("b", "a"), span("c", "b"), span("d", "a")]);
  assert.deepEqual(
    spans.map(({ left, right }) => [left, right]),
    [
      [1, 8],
      [2, 5],
      [3, 4],
      [6, 7],
    ],
  );
});

test("a chain of 50,000 spans, a ring and a span that is its own parent end", () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => span(`s${i}`, i === 0 ? "" : `s${i - 1}`));
  assert.equal(names('{ name = "s0" } >> { name = "s49999" }', chain).length, 1);
  assert.equal(names('{ name = "s49999" } << { name = "s0" }', chain).length, 1);
  const ring = [span("a", "c"), span("b", "a"), span("c", "b")];
  assert.deepEqual(names('{ name = "a" } >> { name = "b" }', ring), ["b"]);
  assert.deepEqual(names('{ name = "a" } << { name = "b" }', ring), ["b"]);
  assert.deepEqual(names("{}", [span("a", "a")]), ["a"]);
});
