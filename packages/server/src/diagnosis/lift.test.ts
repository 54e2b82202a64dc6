import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lifts, servicePart } from "./lift.js";
import type { ValueRow } from "./model.js";

const row = (
  key: string,
  value: string,
  bad: number,
  rest: number,
  baseline = 50,
  service = "pay",
): ValueRow => ({
  service,
  key,
  value,
  bad,
  rest,
  baseline,
});
const totals = { bad: 100, rest: 100, baseline: 100 };
const told = (rows: readonly ValueRow[]): string[] =>
  lifts(rows, totals).map((lift) => `${lift.key}=${lift.value}${lift.isNew ? " new" : ""}`);

describe("lifts", () => {
  it("finds the value that bad requests have, and says when nothing before had it", () => {
    assert.deepEqual(told([row("service.version", "2.0", 97, 4, 0), row("http.route", "/a", 52, 49)]), [
      "service.version=2.0 new",
    ]);
  });

  it("tells values of the same requests once, the better known name first", () => {
    const [lift, more] = lifts([row("process.pid", "7", 95, 3), row("host.name", "b", 95, 3)], totals);
    assert.equal(`${lift?.key} with ${lift?.same.join()}`, "host.name with process.pid = 7");
    assert.equal(more, undefined);
  });

  it("leaves out what says that a request is bad, what chance makes and what few have", () => {
    assert.deepEqual(
      told([
        row("http.response.status_code", "500", 100, 0),
        row("error.type", "timeout", 90, 0),
        row("client.port", "40001", 60, 0),
        row("app.user", "u-1", 4, 0),
        ...Array.from({ length: 200 }, (_, n) => row("random", `${n}`, 50 + (n % 9), 50 - (n % 7))),
      ]),
      [],
    );
  });

  it("compares a service's values among the requests it has a part in", () => {
    const part = row(servicePart, "pay", 100, 20);
    assert.deepEqual(told([part, row("service.version", "1.0", 100, 20)]), []);
    assert.deepEqual(told([part, row("service.version", "1.1", 100, 1)]), ["service.version=1.1"]);
  });
});
