import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { autoStep, formatOf, labelText, linesOf, placeOf, questionFor, timeGrid } from "./series.js";

describe("a query's series", () => {
  it("stand on one grid, with nothing where there is no point or no finite one", () => {
    const values = [
      [10, "1.5"],
      [30, "NaN"],
      [40, "-2"],
      [50, "9"],
    ] as const;
    const grid = timeGrid(10_000, 40_000, 10);
    assert.deepEqual(grid, [10_000, 20_000, 30_000, 40_000]);
    const [line] = linesOf(
      { result: [{ metric: { __name__: "up", job: "a" }, values }] },
      0,
      10_000,
      10,
      grid.length,
    );
    assert.deepEqual(line?.values, [1.5, null, null, -2]);
    assert.deepEqual([line?.least, line?.most, line?.last, line?.name], [-2, 1.5, -2, 'up{job="a"}']);
  });

  it("are named by what tells them apart", () => {
    const metric = (job: string) => ({ metric: { job, zone: "x" }, values: [] });
    const names = linesOf({ result: [metric("a"), metric("b")] }, 0, 0, 1, 0).map((line) => line.name);
    assert.deepEqual(names, ['{job="a"}', '{job="b"}']);
    assert.equal(labelText({ __name__: "up" }), "");
  });

  it("have a step that gives a few hundred points", () => {
    assert.equal(autoStep(3_600_000), 15);
    assert.equal(autoStep(60_000), 5);
    assert.equal(autoStep(7 * 86_400_000), 3600);
  });

  it("are shown in the unit of their names", () => {
    assert.equal(formatOf("histogram_quantile(0.9, rate(x_seconds_bucket[5m]))")(0.25), "250 ms");
    assert.equal(formatOf("rate(x_seconds_count[5m])")(0.25), "0.25");
    assert.equal(formatOf("process_memory_bytes")(4.1e6), "4.1 MB");
    assert.equal(formatOf("rate(received_bytes_total[1m])")(2000), "2 kB/s");
  });

  it("start with the question that a metric's type asks for", () => {
    assert.equal(questionFor("x_total", "counter"), "sum(rate(x_total[5m]))");
    assert.match(questionFor("x_bucket", "histogram"), /^histogram_quantile/);
    assert.equal(questionFor("a.b", "gauge"), "a.b");
    assert.equal(questionFor("a b", "gauge"), '{"a b"}');
  });

  it("tell where the parser stumbled", () => {
    assert.deepEqual(placeOf("sum(\n foo bar)", '2:6: parse error: unexpected identifier "bar"'), {
      from: 10,
      to: 13,
    });
    assert.equal(placeOf("up", "query timed out"), undefined);
  });
});
