import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { objectIds } from "../inventory/ids.js";
import { createMap } from "../maps/map.js";
import { readObject } from "../object/read.js";
import { RingBufferReader } from "../ringbuf/reader.js";
import { subscribe } from "../subscriber/subscription.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { ownObject } from "../testing/own-object.js";
import { MapType } from "../uapi/map-types.js";
import { openSession } from "./session.js";

const RING_BYTES = 1 << 20;
const ROUNDS = 150;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

const spec = readObject(ownObject());
const made = { program: new Set<number>(), map: new Set<number>() };

/** once loads, attaches, reads in all ways and closes. */
async function once(): Promise<void> {
  const session = openSession({ object: spec });
  for (const program of session.object.programs.values()) made.program.add(program.info().id);
  for (const map of session.object.maps.values()) made.map.add(map.info().id);
  session.object.variable("runs").getUint32(0, true);
  using ring = createMap({
    name: "ring",
    type: MapType.BPF_MAP_TYPE_RINGBUF,
    keySize: 0,
    valueSize: 0,
    maxEntries: RING_BYTES,
  });
  const reader = new RingBufferReader(ring, () => {});
  reader.start();
  await turn();
  reader.close();
  subscribe(ring).close();
  session.close();
}

/** mappedBytes is this process's address space, after what nobody can reach any more was let go. */
async function mappedBytes(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    collect();
    await turn();
  }
  return Number(/VmSize:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}

async function left(kind: "program" | "map"): Promise<number[]> {
  for (let i = 0; ; i++) {
    const still = objectIds(kind).filter((id) => made[kind].has(id));
    // The kernel frees what has no user any more a moment later.
    if (still.length === 0 || i === 500) return still;
    await pause(20);
  }
}

describe("load, attach and close, many times", { skip: skipWithoutBpf() }, () => {
  test("leaves no descriptor, no mapping and nothing in the kernel", async () => {
    const before = kernelDescriptors();
    for (let i = 0; i < 20; i++) await once();
    const mapped = await mappedBytes();
    for (let i = 0; i < ROUNDS; i++) await once();
    assert.deepEqual(kernelDescriptors(), before);
    assert.doesNotMatch(readFileSync("/proc/self/maps", "utf8"), /bpf-map/);
    // Two readers a round, each with the ring buffer mapped twice in a row: forgetting one in four would show.
    const grown = (await mappedBytes()) - mapped;
    assert.ok(grown < ROUNDS * RING_BYTES, `${grown} bytes more are mapped`);
    assert.equal(made.program.size, ROUNDS + 20);
    assert.deepEqual(await left("program"), []);
    assert.deepEqual(await left("map"), []);
  });
});
