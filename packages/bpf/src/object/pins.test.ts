import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { u32Bytes } from "../maps/map.js";
import { BPFFS, isOnBpffs } from "../pin/bpffs.js";
import { unpinFolder } from "../pin/folder.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";

const SOURCE = `
struct { __uint(type, 2); __uint(max_entries, 4); __type(key, u32); __type(value, u32); __uint(pinning, 1); } counts SEC(".maps");
struct { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, u64); __uint(pinning, 0); } own SEC(".maps");
SEC("socket") int count(void *ctx) {
  u32 key = 0; u32 *value = bpf_map_lookup_elem(&counts, &key);
  return value ? ++*value : 0;
}
SEC("?socket") int broken(void *ctx) { return *(int *)0; }
`;

const skip = skipWithoutClangAndBpf() || (isOnBpffs(BPFFS) ? false : `no BPF file system on ${BPFFS}`);
let folders = 0;

describe("maps that are pinned by their names", { skip }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  const made: string[] = [];
  const folder = (): string => {
    const path = `${BPFFS}/go3s_${process.pid}_${folders++}`;
    made.push(path);
    return path;
  };
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => {
    for (const path of made) if (existsSync(path)) unpinFolder(path);
    assert.deepEqual(kernelDescriptors(), open);
  });

  test("are found again by the next who loads", () => {
    const pinFolder = folder();
    assert.deepEqual([...spec.pinned], ["counts"]);
    {
      using object = loadObject(spec, { pinFolder });
      assert.equal(object.program("count").testRun({ data }).result, 1);
    }
    using again = loadObject(spec, { pinFolder });
    assert.equal(again.program("count").testRun({ data }).result, 2);
    assert.deepEqual(again.map("counts").lookup(u32Bytes(0)), u32Bytes(2));
    assert.ok(existsSync(`${pinFolder}/counts`));
    assert.ok(!existsSync(`${pinFolder}/own`));
  });

  test("that are others are refused with all that differs", () => {
    const pinFolder = folder();
    loadObject(spec, { pinFolder }).close();
    const counts = spec.maps.get("counts");
    assert.ok(counts !== undefined);
    const maps = new Map([...spec.maps, ["counts", { ...counts, type: 1, maxEntries: 9 }] as const]);
    assert.throws(
      () => loadObject({ ...spec, maps }, { pinFolder }),
      (error) =>
        error instanceof BpfError &&
        error.code === "map-mismatch" &&
        /type array, the object wants hash; maxEntries 4, the object wants 9/.test(error.message),
    );
  });

  test("leave no pin behind when the load fails, unless there was one", () => {
    const pinFolder = folder();
    assert.throws(
      () => loadObject(spec, { pinFolder, programs: ["broken"] }),
      /verifier|invalid mem access|EACCES/,
    );
    assert.ok(!existsSync(`${pinFolder}/counts`));
    loadObject(spec, { pinFolder }).close();
    assert.throws(() => loadObject(spec, { pinFolder, programs: ["broken"] }));
    assert.ok(existsSync(`${pinFolder}/counts`));
  });

  test("are only looked for on a BPF file system", () => {
    assert.throws(
      () => loadObject(spec, { pinFolder: "/tmp/go3s-no-such-folder" }),
      (error) => error instanceof BpfError && error.code === "bad-pin-path",
    );
  });
});
