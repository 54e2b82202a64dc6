import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { loadObject } from "./load.js";
import { openLoader } from "./loader.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";

// `slow` gives the verifier enough to do that close() comes while it is at it.
const SOURCE = `
const volatile u32 factor = 1;
struct { __uint(type, 2); __type(key, u32); __type(value, u64); __uint(max_entries, 1); } counts SEC(".maps");
#define WAYS(n) SEC("socket") int way##n(void *skb) { \\
  u32 key = 0; u64 *count = bpf_map_lookup_elem(&counts, &key); \\
  if (count) *count += n; return factor * 100 + n; }
WAYS(1) WAYS(2) WAYS(3) WAYS(4) WAYS(5) WAYS(6) WAYS(7) WAYS(8)
SEC("socket") int slow(void *skb) {
  volatile u32 left = 0; u32 sum = 0;
  for (int i = 0; i < 10000; i++) { sum += left; left = sum ^ i; }
  return sum;
}
SEC("socket") int wild(void *skb) { u32 key = *(u32 *)skb; u64 *count = bpf_map_lookup_elem(&counts, &key); return *count; }
`;

const names = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `way${n}`);

describe("programs that are loaded one by one", { skip: skipWithoutClangAndBpf() }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("beside each other share the maps and the constants, and run as those that were waited for", async () => {
    using loader = openLoader(spec, { constants: { factor: 7 } });
    const loading = names.map((name) => loader.loadAside(name));
    const now = loader.load("way3");
    const programs = [...(await Promise.all(loading)), now];
    try {
      const results = programs.map((program) => program.testRun({ data }).result);
      assert.deepEqual(results, [701, 702, 703, 704, 705, 706, 707, 708, 703]);
      const count = loader.map("counts").lookup(new Uint8Array(4)) ?? new Uint8Array(8);
      assert.equal(new DataView(count.buffer, count.byteOffset).getBigUint64(0, true), 36n + 3n);
    } finally {
      for (const program of programs) program.close();
    }
  });

  test("are refused with all that loadObject() says, while the others are taken", async () => {
    const errorOf = (error: unknown): Record<string, unknown> => {
      assert.ok(error instanceof BpfError);
      const { code, message, hint, errno, explanation, log = "" } = error;
      const { kind, source, said } = explanation ?? {};
      return {
        code,
        message,
        hint,
        errno,
        kind,
        source,
        said,
        verdict: /invalid mem access.*/.exec(log)?.[0],
      };
    };
    let whole: unknown;
    try {
      loadObject(spec, { programs: ["wild"] }).close();
    } catch (error) {
      whole = error;
    }
    using loader = openLoader(spec);
    const [taken, refused] = await Promise.allSettled([loader.loadAside("way1"), loader.loadAside("wild")]);
    assert.equal(taken.status, "fulfilled");
    if (taken.status === "fulfilled") taken.value.close();
    assert.ok(refused.status === "rejected");
    assert.deepEqual(errorOf(refused.reason), errorOf(whole));
    assert.equal(errorOf(refused.reason)["code"], "verifier-rejected");
  });

  test("that are under way when the loader is closed are given up, and leave nothing open", async () => {
    const loader = openLoader(spec);
    // More than there are threads for: some are being verified, the rest waits.
    const loading = ["slow", "slow", "slow", "slow", "slow", ...names].map((name) => loader.loadAside(name));
    loader.close();
    loader.close();
    for (const each of await Promise.allSettled(loading)) {
      assert.ok(each.status === "rejected" && each.reason instanceof BpfError);
      assert.equal(each.reason.code, "closed");
    }
    assert.throws(() => loader.load("way1"), { code: "closed" });
    await assert.rejects(loader.loadAside("way1"), { code: "closed" });
  });

  test("have to be in the object", async () => {
    using loader = openLoader(spec);
    await assert.rejects(loader.loadAside("way9"), { code: "not-found" });
    assert.throws(() => loader.map("none"), { code: "not-found" });
  });
});
