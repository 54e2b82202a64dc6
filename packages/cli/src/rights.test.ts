import assert from "node:assert/strict";
import { test } from "node:test";
import { missingRights } from "./rights.js";

const status = (mask: bigint): string =>
  `Name:\tnode\nCapEff:\t${mask.toString(16).padStart(16, "0")}\nSeccomp:\t0\n`;
const bits = (...numbers: number[]): bigint => numbers.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);

test("each part names exactly the capabilities it lacks, and root lacks none", () => {
  assert.deepEqual(missingRights(status(0x1ffffffffffn)), []);
  assert.deepEqual(
    missingRights(status(0n)).map(({ what, why }) => `${what}: ${why}`),
    [
      "TCP connections: this process lacks CAP_BPF, CAP_PERFMON",
      "requests of this user's services: this process lacks CAP_BPF, CAP_PERFMON",
      "requests of other users' services: this process lacks CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH",
    ],
  );
  const [onlyOthers, ...more] = missingRights(status(bits(39, 38, 2)));
  assert.deepEqual(more, []);
  assert.equal(onlyOthers?.hint, "run as root, or give it CAP_SYS_PTRACE");
  assert.deepEqual(
    missingRights(status(bits(21, 19, 1))),
    [],
    "CAP_SYS_ADMIN and CAP_DAC_OVERRIDE stand for them",
  );
});
