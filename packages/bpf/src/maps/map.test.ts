import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { UpdateFlag } from "../uapi/flags.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";
import { BatchReader, deleteBatch, updateBatch } from "./batch.js";
import { parseCpuList, possibleCpus } from "./cpus.js";
import { type BpfMap, createMap, u32Bytes, u64Bytes } from "./map.js";
import type { MapSpec } from "./spec.js";

function spec(type: MapTypeId, more: Partial<MapSpec> = {}): MapSpec {
  return { name: "go3s_test", type, keySize: 4, valueSize: 8, maxEntries: 64, ...more };
}

function with_<T>(map: BpfMap, use: (map: BpfMap) => T): T {
  try {
    return use(map);
  } finally {
    map.close();
  }
}

test("processor lists count the possible ones", () => {
  assert.equal(parseCpuList("0\n"), 1);
  assert.equal(parseCpuList("0-3,8-11"), 12);
  assert.throws(() => parseCpuList("many"), BpfError);
});

describe("maps of the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  for (const type of [MapType.BPF_MAP_TYPE_HASH, MapType.BPF_MAP_TYPE_LRU_HASH] as const) {
    test(`a map of type ${type} is written, read, walked and emptied`, () => {
      with_(createMap(spec(type)), (map) => {
        for (let i = 0; i < 20; i++) map.update(u32Bytes(i), u64Bytes(BigInt(i) * 3n));
        assert.deepEqual(map.lookup(u32Bytes(7)), u64Bytes(21n));
        assert.equal(map.lookup(u32Bytes(99)), undefined);
        const seen = [...map.entries()].map(({ key }) => new DataView(key.buffer).getUint32(0, true));
        assert.deepEqual(
          seen.sort((a, b) => a - b),
          Array.from({ length: 20 }, (_, i) => i),
        );
        assert.equal(map.delete(u32Bytes(7)), true);
        assert.equal(map.delete(u32Bytes(7)), false);
        assert.deepEqual(map.lookupAndDelete(u32Bytes(8)), u64Bytes(24n));
        assert.equal(map.lookup(u32Bytes(8)), undefined);
      });
    });
  }

  test("the forms with the caller's buffers follow a change of buffers", () => {
    with_(createMap(spec(MapType.BPF_MAP_TYPE_ARRAY)), (map) => {
      const key = u32Bytes(1);
      const value = new Uint8Array(8);
      map.update(key, u64Bytes(5n));
      assert.equal(map.lookupInto(key, value), true);
      assert.equal(value[0], 5);
      key[0] = 2;
      assert.equal(map.lookupInto(key, value), true);
      assert.equal(value[0], 0);
      assert.equal(map.lookupInto(u32Bytes(1), value), true);
      assert.equal(value[0], 5);
      assert.equal(map.lookupInto(u32Bytes(64), value), false);
      assert.throws(
        () => map.lookupInto(new Uint8Array(3), value),
        /a key of array map .* has 4 bytes, not 3/,
      );
    });
  });

  test("a per-CPU map has a value for each possible processor", () => {
    with_(createMap(spec(MapType.BPF_MAP_TYPE_PERCPU_ARRAY, { valueSize: 4 })), (map) => {
      assert.equal(map.valueBytes, 8 * possibleCpus());
      const values = new Uint8Array(map.valueBytes);
      values.forEach((_, i) => {
        values[i] = i % 8 < 4 ? i : 0;
      });
      map.update(u32Bytes(3), values);
      assert.deepEqual(map.lookup(u32Bytes(3)), values);
    });
  });

  test("a full map, a key that is there and one that is not are told apart", () => {
    with_(createMap(spec(MapType.BPF_MAP_TYPE_HASH, { maxEntries: 1 })), (map) => {
      map.update(u32Bytes(1), u64Bytes(1n));
      const codeOf = (work: () => void): string => {
        try {
          work();
        } catch (error) {
          return error instanceof BpfError ? error.code : "foreign";
        }
        return "none";
      };
      assert.equal(
        codeOf(() => map.update(u32Bytes(2), u64Bytes(1n))),
        "map-full",
      );
      assert.equal(
        codeOf(() => map.update(u32Bytes(1), u64Bytes(1n), UpdateFlag.BPF_NOEXIST)),
        "already-exists",
      );
      assert.equal(
        codeOf(() => map.update(u32Bytes(9), u64Bytes(1n), UpdateFlag.BPF_EXIST)),
        "not-found",
      );
    });
  });

  test("batches write, read, take out and delete", () => {
    with_(createMap(spec(MapType.BPF_MAP_TYPE_HASH, { maxEntries: 1000 })), (map) => {
      const keys = new Uint8Array(Uint32Array.from({ length: 1000 }, (_, i) => i).buffer);
      const values = new Uint8Array(BigUint64Array.from({ length: 1000 }, (_, i) => BigInt(i * 2)).buffer);
      assert.equal(updateBatch(map, keys, values, 1000), 1000);
      const sums: number[] = [];
      for (const remove of [false, true]) {
        const reader = new BatchReader(map, 300, remove);
        let sum = 0;
        for (let count = reader.next(); count > 0; count = reader.next()) {
          const words = new BigUint64Array(reader.values.buffer, 0, count);
          for (const word of words) sum += Number(word);
        }
        sums.push(sum);
      }
      assert.deepEqual(sums, [999_000, 999_000]);
      assert.equal([...map.entries()].length, 0);
      updateBatch(map, keys, values, 10);
      assert.equal(deleteBatch(map, keys, 10), 10);
    });
  });

  test("a frozen map refuses user space", () => {
    with_(createMap(spec(MapType.BPF_MAP_TYPE_ARRAY, { freeze: true })), (map) => {
      assert.throws(
        () => map.update(u32Bytes(0), u64Bytes(1n)),
        (error) => {
          return error instanceof BpfError && error.errno === 1;
        },
      );
    });
  });

  test("a map of maps is made with the shape of its elements", () => {
    const inner = spec(MapType.BPF_MAP_TYPE_ARRAY);
    with_(createMap(spec(MapType.BPF_MAP_TYPE_HASH_OF_MAPS, { valueSize: 4, inner })), (outer) => {
      with_(createMap(inner), (element) => {
        outer.update(u32Bytes(1), u32Bytes(element.fd));
        assert.equal(outer.lookup(u32Bytes(1))?.length, 4);
      });
    });
  });

  test("an impossible ring buffer is refused with what is wrong about it", () => {
    const bad = spec(MapType.BPF_MAP_TYPE_RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 5000 });
    assert.throws(
      () => createMap(bad),
      (error) => error instanceof BpfError && /power of two .* 5000 is not/.test(error.hint ?? ""),
    );
  });

  test("a closed map refuses use", () => {
    const map = createMap(spec(MapType.BPF_MAP_TYPE_HASH));
    map.close();
    assert.throws(
      () => map.lookup(u32Bytes(1)),
      (error) => error instanceof BpfError && error.code === "closed",
    );
  });
});
