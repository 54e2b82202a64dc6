import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { servicesAnswer } from "../testing/service-fixture.js";
import { sqlAnswer } from "../testing/sql-fixture.js";
import { changeOf, changesOf, tooEarly } from "./changes.js";
import { telling, withTerm } from "./facets.js";
import { exact } from "./sql-rows.js";
import { momentOf, plotOf } from "./sql-shape.js";
import { tcpLine } from "./tcp-line.js";

describe("what is different now", () => {
  const steady = Array.from({ length: 60 }, (_, at) => 100 + (at % 5));
  it("is silent on what is as ever, on one peak, and on too little", () => {
    assert.equal(changeOf(steady), undefined);
    assert.equal(changeOf(steady.map((value, at) => (at === 30 ? 900 : value))), undefined);
    assert.equal(changeOf([1, 1, 90, 90]), undefined);
    assert.equal(changeOf(steady.map(() => null)), undefined);
  });
  it("tells since when", () => {
    const change = changeOf(steady.map((value, at) => (at >= 50 ? value * 4 : value)));
    assert.equal(change?.at, 50);
    assert.ok(change !== undefined && change.now / change.usual > 3.5);
  });
  it("finds the service that got slow, and not those that did not", () => {
    const answer = servicesAnswer(1_795_000_000_000);
    assert.deepEqual(
      changesOf(answer.services, answer.buckets).map((change) => `${change.service} ${change.figure}`),
      ["payment p99"],
    );
  });
});

describe("facets", () => {
  it("add a term to the filter and take it away again", () => {
    assert.equal(withTerm("", "a:b"), "a:b");
    assert.equal(withTerm("x a:b y", "a:b"), "x y");
    assert.equal(withTerm("a:bc", "a:b"), "a:bc a:b");
  });
  it("leave out what everything has, and start with what is asked most", () => {
    const one = (key: string, lift = 1, count = 1) => ({
      key,
      values: Array.from({ length: count }, (_, at) => ({ value: `${at}`, count: 1, lift })),
    });
    const keys = telling([one("host.name"), one("zone", 1, 2), one("service", 6), one("kind", 1, 3)]).map(
      (facet) => facet.key,
    );
    assert.deepEqual(keys, ["service", "kind", "zone"]);
  });
});

describe("SQL results", () => {
  it("are a plot when there is a time, one text and a number", () => {
    const plot = plotOf(sqlAnswer(1_795_000_000_000));
    assert.deepEqual(plot?.series.map((line) => line.label).sort(), ["checkout", "frontend"]);
    assert.equal(plot?.times.length, 60);
  });
  it("are a table otherwise", () => {
    const meta = [{ name: "n", type: "UInt64" }];
    assert.equal(plotOf({ meta, data: [[1], [2]], rows: 2 }), undefined);
  });
  it("read ClickHouse's times as UTC", () => {
    assert.equal(momentOf("2026-11-21 10:00:00.123456789"), Date.UTC(2026, 10, 21, 10, 0, 0, 123));
    assert.equal(momentOf("2026-11-21"), Date.UTC(2026, 10, 21));
  });
  it("parse small integers as numbers", () => {
    const text = '{"meta":[],"data":[[1234567890123456,"1234567890123456789"]],"rows":1}';
    assert.deepEqual(exact<{ data: unknown }>(text).data, [[1234567890123456, "1234567890123456789"]]);
  });
});

describe("connections in words", () => {
  const row = {
    cursor: "1",
    timestamp_ns: "1",
    service_name: "cart",
    level: "INFO" as const,
    severity_text: "",
    event_name: "tcp.close",
    body: "",
    trace_id: "",
    span_id: "",
    attributes: {
      "network.local.address": "::1",
      "network.local.port": "40000",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": "6379",
      "peer.service": "redis",
      "go3s.tcp.duration_ns": "900000000",
      "error.type": "ECONNRESET",
    },
  };
  it("say who, where, how long and what failed", () => {
    assert.equal(tcpLine(row), "[::1]:40000 → redis 127.0.0.1:6379 · ECONNRESET · open 900 ms");
    const again = { ...row, attributes: { ...row.attributes, "go3s.tcp.retransmits": "3" } };
    assert.match(tcpLine(again) ?? "", / · 3 retransmits$/);
    assert.equal(tcpLine({ ...row, event_name: "order" }), undefined);
  });
});

describe("a service that is new", () => {
  const answer = servicesAnswer(1_795_000_000_000);
  const young = answer.services.map((row) => ({
    ...row,
    spark: { ...row.spark, rate: row.spark.rate.map((rate, at) => (at < 56 ? 0 : rate)) },
  }));
  it("has no usual band yet, so nothing of it is called different", () => {
    assert.deepEqual(changesOf(young, answer.buckets), []);
    assert.equal(tooEarly(young, answer.buckets), answer.buckets.start_ms + 56 * answer.buckets.step_ms);
    assert.equal(tooEarly(answer.services, answer.buckets), undefined);
  });
});
