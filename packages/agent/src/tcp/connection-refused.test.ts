import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError } from "@go3s/bpf";
import { newPointList } from "../runtime/point-list.js";
import { eventually } from "../testing/wait.js";
import type { ConnectionRow } from "./connection-rows.js";
import { newConnectionWatch } from "./connection-watch.js";

const row: ConnectionRow = {
  bytesSent: 100,
  bytesReceived: 0,
  retransmits: 0,
  rttUs: 1000,
  localAddress: "10.0.0.1",
  localPort: 40_000,
  peerAddress: "10.0.0.9",
  peerPort: 5432,
  state: 1,
};

test("a process that can't be looked at is left out, which is said once, and the others are told of", async () => {
  const [good, bad] = [101, 102];
  const lost: string[] = [];
  let isBad = true;
  const watch = newConnectionWatch({
    nameOf: () => "",
    lose: (pid, text) => lost.push(`${pid} ${text}`),
    load: async () => ({
      of(pid) {
        if (pid === bad && isBad) throw new BpfError("out-of-memory", "run iterator: no memory");
        return [row];
      },
      close: () => undefined,
    }),
  });
  const told = (pid: number): number => {
    const points = newPointList();
    watch.tell(pid, points);
    return points.take(1n, 2n, 3n).points;
  };
  for (const pid of [bad, good]) watch.watch(pid);
  await eventually("the good one's connection", () => {
    watch.tick();
    return told(good) > 0;
  });
  for (let i = 0; i < 30; i++) watch.tick();
  assert.ok(told(good) > 0);
  assert.equal(told(bad), 0);
  assert.deepEqual(lost, [
    `${bad} TCP connections' round trips and retransmits while they live: run iterator: no memory`,
  ]);
  assert.deepEqual(watch.missing(), []);
  isBad = false;
  for (let i = 0; i < 10; i++) watch.tick();
  assert.ok(told(bad) > 0);
  watch.close();
});
