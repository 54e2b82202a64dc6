import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory, type Moment } from "./history.js";

const start = 1_700_000_000_000;
const moment = (second: number, more: Partial<Moment> = {}): Moment => ({
  at_ms: start + second * 1000,
  spans: second * 100,
  logs: 0,
  metrics: second,
  dropped: 0,
  sampledOut: 0,
  waitingBytes: 0,
  waitingOldest_ms: 0,
  serverCpuMicros: second * 250_000,
  engineCpuMicros: second * 1_000_000,
  ...more,
});

test("counts become rates by steps of five seconds, and what waited its most", () => {
  const history = createHistory();
  for (let second = 0; second <= 30; second++)
    history.add(moment(second, { waitingBytes: second === 12 ? 7_000_000 : 10 }));
  const answer = history.answer(start + 30_000);
  assert.equal(answer.count, answer.spans.length);
  assert.equal(answer.start_ms + answer.count * answer.step_ms, start + 30_000);
  assert.deepEqual(answer.spans.slice(-7), [null, 100, 100, 100, 100, 100, 100]);
  assert.deepEqual(answer.metrics.slice(-1), [1]);
  assert.deepEqual(answer.server_cpu.slice(-1), [0.25]);
  assert.deepEqual(answer.engine_cpu.slice(-1), [1]);
  assert.deepEqual(answer.waiting_bytes.slice(-6), [10, 10, 7_000_000, 10, 10, 10]);
});

test("a restarted engine, a gap and a clock set back tell nothing that was not", () => {
  const history = createHistory();
  for (let second = 0; second <= 10; second++) history.add(moment(second));
  for (let second = 11; second <= 20; second++)
    history.add(moment(second, { engineCpuMicros: second === 11 ? undefined : 5 }));
  const { engine_cpu } = history.answer(start + 20_000);
  assert.deepEqual(engine_cpu.slice(-4, -2), [1, 1]);
  assert.equal(engine_cpu.at(-2), null);
  history.add({ ...moment(21), at_ms: start - 60_000 });
  for (let second = 22; second <= 40; second++)
    history.add({ ...moment(second), at_ms: start - 82_000 + second * 1000 });
  assert.ok(history.answer(start).spans.every((rate) => rate === null || (rate >= 0 && rate <= 1000)));
});

test("what is older than the answer's time is forgotten", () => {
  const history = createHistory();
  for (let second = 0; second <= 4000; second++) history.add(moment(second));
  const { spans } = history.answer(start + 4_000_000);
  assert.ok(spans.every((rate) => rate === 100));
  assert.ok(history.answer(start + 8_000_000).spans.every((rate) => rate === null));
});
