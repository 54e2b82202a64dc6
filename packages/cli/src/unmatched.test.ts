import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unmatched, unmatchedPids, whyNotPid } from "./unmatched.js";

test("a process that is not there, one of the kernel's and an excluded one are told apart", () => {
  const free = Number(readFileSync("/proc/sys/kernel/pid_max", "utf8"));
  assert.equal(whyNotPid(free), `there is no process ${free}`);
  assert.match(whyNotPid(process.pid), /excluded/);
  assert.match(whyNotPid(2), /kernel's own|no process|may not be looked at/);
});

test("only what is not watched is named, and ports with what listens there", () => {
  const free = Number(readFileSync("/proc/sys/kernel/pid_max", "utf8"));
  assert.deepEqual(unmatchedPids({ pids: [7, free] }, new Set([7])), [`there is no process ${free}`]);
  assert.equal(
    unmatched({ pids: [free], ports: [9] }),
    `there is no process ${free}; no process that may be looked at listens on port 9`,
  );
  assert.equal(unmatched({ names: ["nothing"] }), "no running process matches");
});

test("a process of somebody else is said to be one, with the capability that is missing", {
  skip: process.geteuid?.() !== 0 && "needs root, to become somebody else",
}, () => {
  process.seteuid?.(65534);
  try {
    assert.match(whyNotPid(process.ppid), /CAP_SYS_PTRACE/);
  } finally {
    process.seteuid?.(0);
  }
});
