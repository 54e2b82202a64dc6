import assert from "node:assert/strict";
import { test } from "node:test";
import { newCourtesy } from "./courtesy.js";

function recorded(mayRaise = true) {
  const nices: number[] = [];
  let time = 0;
  let nice = 0;
  const courtesy = newCourtesy({
    now: () => time,
    getNice: () => 0,
    setNice(wanted) {
      if (wanted < nice && !mayRaise) throw new Error("EACCES");
      nice = wanted;
      nices.push(wanted);
    },
  });
  const advance = (ms: number): void => {
    time += ms;
  };
  return { courtesy, nice: () => nice, nices, wait: advance };
}

test("the agent gives way to a busy machine, and not when the ring buffer fills or somebody waits", () => {
  const { courtesy, nice, wait } = recorded();
  courtesy.looked(0.01, 10);
  assert.equal(nice(), 0, "little to do costs nobody anything");
  courtesy.looked(0.05, 5000);
  assert.equal(nice(), 19);
  courtesy.looked(0.3, 9000);
  assert.equal(nice(), 0, "it falls behind");
  wait(1000);
  courtesy.looked(0.05, 5000);
  assert.equal(nice(), 0, "not at once again");
  wait(1500);
  courtesy.looked(0.05, 5000);
  assert.equal(nice(), 19);
  courtesy.hurry();
  assert.equal(nice(), 0);
  wait(2500);
  courtesy.looked(0.05, 5000);
  courtesy.looked(0, 3);
  assert.equal(nice(), 0, "the load is over");
});

test("where giving way means to fall behind it is not tried again soon, and later and later", () => {
  const { courtesy, nice, wait } = recorded();
  const pauses: number[] = [];
  for (let round = 0; round < 8; round++) {
    courtesy.looked(0.01, 5000);
    assert.equal(nice(), 19);
    wait(700);
    courtesy.looked(0.1, 5000);
    assert.equal(nice(), 19, "a late look costs nothing");
    wait(700);
    courtesy.looked(0.4, 5000);
    assert.equal(nice(), 0, "a full buffer does");
    let waited = 0;
    for (; nice() === 0; waited += 100) {
      wait(100);
      courtesy.looked(0.01, 5000);
    }
    pauses.push(waited / 1000);
    courtesy.looked(0.01, 3);
    assert.equal(nice(), 0, "little to do");
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
  // Long after, it begins anew.
  wait(600_000);
  courtesy.looked(0.01, 5000);
  wait(700);
  courtesy.looked(0.4, 5000);
  wait(2500);
  courtesy.looked(0.01, 5000);
  assert.equal(nice(), 19);
});

test("a priority that could not be taken back is never given away", () => {
  const { courtesy, nices } = recorded(false);
  for (let i = 0; i < 5; i++) courtesy.looked(0.05, 5000);
  assert.deepEqual(nices, []);
});
