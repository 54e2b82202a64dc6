import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { pageSize } from "../kernel/mmap.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { MapType } from "../uapi/map-types.js";
import { BatchReader, deleteBatch, updateBatch } from "./batch.js";
import { type BpfMap, createMap } from "./map.js";
import { type MapSpec, mapTypeName } from "./spec.js";
import { type MapOperation, type MapTypeRow, mapTypeRows } from "./type-rows.js";

const UNSUPPORTED: readonly number[] = [Errno.ENOTSUPP, Errno.EOPNOTSUPP];
// A struct of functions is only made with the kernel's type of it: link/ does, with a whole object.
const rows = mapTypeRows.filter((row) => row.type !== MapType.BPF_MAP_TYPE_STRUCT_OPS);
const INNER: MapSpec = {
  name: "inner",
  type: MapType.BPF_MAP_TYPE_ARRAY,
  keySize: 4,
  valueSize: 4,
  maxEntries: 1,
};
const VALUE_SIZES: Partial<Record<number, number>> = {
  [MapType.BPF_MAP_TYPE_STACK_TRACE]: 80,
  [MapType.BPF_MAP_TYPE_SOCKMAP]: 8,
  [MapType.BPF_MAP_TYPE_SOCKHASH]: 8,
  [MapType.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY]: 8,
};
const KEY_SIZES: Partial<Record<number, number>> = {
  [MapType.BPF_MAP_TYPE_LPM_TRIE]: 8,
  [MapType.BPF_MAP_TYPE_CGROUP_STORAGE]: 16,
  [MapType.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]: 16,
};

function specOf(row: MapTypeRow): MapSpec {
  const isRing = row.operations.length === 0;
  return {
    name: `t_${mapTypeName(row.type)}`,
    type: row.type,
    keySize: row.keySize ?? KEY_SIZES[row.type] ?? 4,
    valueSize: row.valueSize ?? VALUE_SIZES[row.type] ?? 4,
    maxEntries: row.entries === "none" ? 0 : isRing ? pageSize() : 4,
    ...(row.flags !== undefined && { flags: row.flags }),
    ...(row.nested && { inner: INNER }),
  };
}

// Where descriptors are wanted, one that is open in no process.
function valueFor(map: BpfMap): Uint8Array {
  const row = mapTypeRows.find((one) => one.type === map.spec.type);
  const isDescriptor = row?.nested || /descriptor/.test(row?.holds ?? "");
  return new Uint8Array(map.valueBytes).fill(isDescriptor ? 0xff : 0);
}

const CALLS: Readonly<Record<Exclude<MapOperation, "map-memory">, (map: BpfMap) => void>> = {
  lookup: (map) => void map.lookup(new Uint8Array(map.spec.keySize)),
  update: (map) => map.update(new Uint8Array(map.spec.keySize), valueFor(map)),
  delete: (map) => void map.delete(new Uint8Array(map.spec.keySize)),
  take: (map) => void map.lookupAndDelete(new Uint8Array(map.spec.keySize)),
  iterate: (map) => void map.nextKeyInto(undefined, new Uint8Array(map.spec.keySize)),
  batch: (map) => void new BatchReader(map, 4).next(),
  "batch-take": (map) => void new BatchReader(map, 4, true).next(),
  "batch-update": (map) => void updateBatch(map, new Uint8Array(map.spec.keySize), valueFor(map), 1),
  "batch-delete": (map) => void deleteBatch(map, new Uint8Array(map.spec.keySize), 1),
};

function errorOf(work: () => void): BpfError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
}

test("there is a row for every type of map", () => {
  const wanted = Object.values(MapType).filter((type) => type !== MapType.BPF_MAP_TYPE_UNSPEC);
  assert.deepEqual(
    mapTypeRows.map((row) => row.type),
    wanted,
  );
});

describe("each type of map on this kernel", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  const isKnown = kernelIsAtLeast(6, 18);
  const isNewer = kernelIsAtLeast(6, 19);
  let file = -1;
  before(() => {
    file = openSync("/proc/self/exe", "r");
  });
  after(() => {
    closeSync(file);
    assert.deepEqual(kernelDescriptors(), held);
  });

  for (const row of rows) {
    const name = mapTypeName(row.type);
    const reason = isKnown ? false : "the rows tell what Linux 6.18 has";
    test(`${name} has the operations of its row and refuses others with a hint`, { skip: reason }, () => {
      for (const [operation, call] of Object.entries(CALLS)) {
        using map = createMap(specOf(row));
        const error = errorOf(() => call(map));
        if (row.operations.some((one) => one === operation)) {
          const isLacking = error?.errno !== undefined && UNSUPPORTED.includes(error.errno);
          assert.equal(isLacking, false, `${operation}: ${error?.message}`);
        } else if (!isNewer) {
          assert.ok(error !== undefined, `${operation} went well`);
          assert.equal(error.code, "bad-argument", operation);
          assert.ok((error.hint ?? "").length > 10, operation);
        }
      }
    });

    test(`${name} is refused with what its row wants`, () => {
      const spec = specOf(row);
      const wrong: [MapSpec, RegExp][] = [];
      if (row.keySize !== undefined) {
        wrong.push([{ ...spec, keySize: row.keySize + 1 }, new RegExp(`key of a ${name} map has`)]);
      }
      if (row.entries === "none") wrong.push([{ ...spec, maxEntries: 3 }, /made with 0 entries/]);
      if (row.flags !== undefined) wrong.push([{ ...spec, flags: 0 }, /needs the flag BPF_F_/]);
      if (row.operations.length === 0) wrong.push([{ ...spec, maxEntries: 5000 }, /power of two/]);
      for (const [bad, text] of wrong) {
        const error = errorOf(() => createMap(bad).close());
        assert.match(error?.hint ?? "", text);
        assert.equal(error?.code, "bad-argument");
      }
    });
  }

  test("what is no descriptor of the right kind is refused with what is", () => {
    using sockets = createMap(specOf(mapTypeRows[MapType.BPF_MAP_TYPE_SOCKMAP - 1] ?? rows[0]!));
    const value = new Uint8Array(8);
    value[0] = file;
    const error = errorOf(() => sockets.update(new Uint8Array(4), value));
    assert.match(error?.hint ?? "", /sockets: written as descriptors/);
  });
});
