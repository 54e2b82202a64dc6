import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { aluImm, movImm } from "../asm/arithmetic.js";
import { callHelper, exit } from "../asm/flow.js";
import { R0, R2, R3 } from "../asm/instruction.js";
import { loadMapFd } from "../asm/memory.js";
import { BpfError } from "../errors.js";
import { kernelConfig } from "../features/row.js";
import { openPerfEvent, PerfSoftware, PerfType } from "../kernel/perf.js";
import { openProcess } from "../kernel/pidfd.js";
import { openSocket } from "../kernel/socket.js";
import { loadProgram } from "../program/load.js";
import { OwnCgroup, skipWithoutCgroups } from "../testing/cgroup.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { MapFlag } from "../uapi/flags.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { createMap, u32Bytes, u64Bytes } from "./map.js";
import type { MapSpec } from "./spec.js";

function spec(type: MapTypeId, more: Partial<MapSpec> = {}): MapSpec {
  return { name: "go3s_holder", type, keySize: 4, valueSize: 4, maxEntries: 4, ...more };
}

const STORAGE = { valueSize: 8, maxEntries: 0, flags: MapFlag.BPF_F_NO_PREALLOC };
/** The loopback device is the first in every network namespace. */
const LOOPBACK = 1;
const AF_XDP = 44;
const SOCK_RAW = 3;

/** descriptorOf gives the descriptor of one of Node's sockets, which it does not tell otherwise. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  return typeof handle === "object" && handle !== null ? Number(Reflect.get(handle, "fd")) : -1;
}

/** withConnection gives a use both ends of a connection of this process with itself. */
async function withConnection(use: (client: number, server: number) => void): Promise<void> {
  const server = createServer().listen(0, "127.0.0.1");
  let client: Socket | undefined;
  let accepted: Socket | undefined;
  try {
    await once(server, "listening");
    const address = server.address();
    const port = (typeof address === "object" ? address : null)?.port ?? 0;
    const arrived: Promise<Socket[]> = once(server, "connection");
    client = connect(port, "127.0.0.1");
    await once(client, "connect");
    [accepted] = await arrived;
    assert.ok(accepted !== undefined);
    use(descriptorOf(client), descriptorOf(accepted));
  } finally {
    client?.destroy();
    accepted?.destroy();
    server.close();
  }
}

describe("maps that hold what the kernel has elsewhere", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));
  const noCgroups = skipWithoutCgroups();

  function storage(type: MapTypeId, fd: number): void {
    using map = createMap(spec(type, STORAGE));
    const key = u32Bytes(fd);
    assert.equal(map.lookup(key), undefined);
    map.update(key, u64Bytes(7n));
    assert.deepEqual(map.lookup(key), u64Bytes(7n));
    assert.equal(map.delete(key), true);
    assert.equal(map.delete(key), false);
    assert.throws(() => [...map.entries()], refused("bad-argument", /iterator program/));
    assert.throws(() => map.update(u32Bytes(0xffff), u64Bytes(1n)), refused("bad-argument", /this is none/));
  }

  test("values by process", () => {
    using process_ = openProcess(process.pid);
    storage(MapType.BPF_MAP_TYPE_TASK_STORAGE, process_.number);
    assert.throws(() => openProcess(0x3fffffff), BpfError);
  });

  test("values by file", () => {
    const file = openSync("/proc/self/exe", "r");
    try {
      storage(MapType.BPF_MAP_TYPE_INODE_STORAGE, file);
    } finally {
      closeSync(file);
    }
  });

  test("values by cgroup, and cgroups themselves", { skip: noCgroups }, () => {
    using group = new OwnCgroup();
    const folder = openSync(group.path, "r");
    try {
      storage(MapType.BPF_MAP_TYPE_CGRP_STORAGE, folder);
      using groups = createMap(spec(MapType.BPF_MAP_TYPE_CGROUP_ARRAY));
      groups.update(u32Bytes(2), u32Bytes(folder));
      assert.throws(() => groups.lookup(u32Bytes(2)), refused("bad-argument", /user space can: update/));
      assert.equal(groups.delete(u32Bytes(2)), true);
      assert.equal(groups.delete(u32Bytes(2)), false);
    } finally {
      closeSync(folder);
    }
  });

  test("values by socket, and sockets themselves", async () => {
    await withConnection((client, server) => {
      storage(MapType.BPF_MAP_TYPE_SK_STORAGE, client);
      for (const type of [MapType.BPF_MAP_TYPE_SOCKMAP, MapType.BPF_MAP_TYPE_SOCKHASH]) {
        using map = createMap(spec(type, { valueSize: 8 }));
        map.update(u32Bytes(1), u64Bytes(BigInt(client)));
        map.update(u32Bytes(2), u64Bytes(BigInt(server)));
        const cookies = [map.lookup(u32Bytes(1)), map.lookup(u32Bytes(2))];
        assert.notDeepEqual(cookies[0], cookies[1]);
        assert.deepEqual(
          [...map.entries()].map(({ value }) => value).sort((a, b) => Buffer.compare(a, b)),
          cookies.map((one) => one ?? new Uint8Array(0)).sort((a, b) => Buffer.compare(a, b)),
        );
        assert.equal(map.delete(u32Bytes(1)), true);
        assert.equal(map.delete(u32Bytes(2)), true);
        assert.equal(map.lookup(u32Bytes(1)), undefined);
      }
      using narrow = createMap(spec(MapType.BPF_MAP_TYPE_SOCKHASH));
      narrow.update(u32Bytes(1), u32Bytes(client));
      assert.throws(() => narrow.lookup(u32Bytes(1)), refused("bad-argument", /sockets are read as 8 bytes/));
    });
  });

  test("network devices, and queues of processors", () => {
    for (const type of [MapType.BPF_MAP_TYPE_DEVMAP, MapType.BPF_MAP_TYPE_DEVMAP_HASH]) {
      using map = createMap(spec(type));
      map.update(u32Bytes(3), u32Bytes(LOOPBACK));
      assert.deepEqual([...map.entries()], [{ key: u32Bytes(3), value: u32Bytes(LOOPBACK) }]);
      assert.equal(map.delete(u32Bytes(3)), true);
      assert.throws(() => map.update(u32Bytes(3), u32Bytes(0x7ffffff)), BpfError);
    }
    using queues = createMap(spec(MapType.BPF_MAP_TYPE_CPUMAP));
    queues.update(u32Bytes(0), u32Bytes(192));
    assert.deepEqual(queues.lookup(u32Bytes(0)), u32Bytes(192));
    assert.equal(queues.delete(u32Bytes(0)), true);
  });

  const noXdp =
    kernelConfig("CONFIG_XDP_SOCKETS") === "y" ? false : "CONFIG_XDP_SOCKETS is not known to be on";
  test("AF_XDP sockets", { skip: noXdp }, () => {
    using socket = openSocket(AF_XDP, SOCK_RAW, 0, "AF_XDP socket");
    using map = createMap(spec(MapType.BPF_MAP_TYPE_XSKMAP));
    map.update(u32Bytes(0), u32Bytes(socket.number));
    assert.throws(() => map.lookup(u32Bytes(0)), refused("bad-argument", /user space can: update, delete/));
    assert.equal(map.delete(u32Bytes(0)), true);
  });

  test("perf events by processor", () => {
    using event = openPerfEvent(
      { type: PerfType.SOFTWARE, config: PerfSoftware.BPF_OUTPUT, pid: -1, cpu: 0 },
      { tried: "open a perf event" },
    );
    using map = createMap(spec(MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY));
    map.update(u32Bytes(0), u32Bytes(event.number));
    assert.throws(() => map.lookup(u32Bytes(0)), refused("bad-argument", /perf event's descriptor itself/));
    assert.equal(map.delete(u32Bytes(0)), true);
    assert.equal(map.delete(u32Bytes(0)), false);
  });

  test("programs are written as descriptors and read as ids, stacks are written by programs", () => {
    const stackSpec = spec(MapType.BPF_MAP_TYPE_STACK_TRACE, { valueSize: 8 * 16, maxEntries: 64 });
    using stacks = createMap(stackSpec);
    using program = loadProgram({
      name: "stack",
      type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT,
      license: "GPL",
      instructions: [
        loadMapFd(R2, stacks.fd),
        movImm(R3, 0),
        callHelper(HelperFunction.get_stackid),
        aluImm("and", R0, 0xffff),
        exit(),
      ],
    });
    using programs = createMap(spec(MapType.BPF_MAP_TYPE_PROG_ARRAY));
    programs.update(u32Bytes(1), u32Bytes(program.fd));
    assert.deepEqual(programs.lookup(u32Bytes(1)), u32Bytes(program.info().id));
    assert.equal(programs.delete(u32Bytes(1)), true);
    assert.equal(programs.lookup(u32Bytes(1)), undefined);
    const { result } = program.testRun();
    const stack = stacks.lookup(u32Bytes(result));
    assert.ok(stack !== undefined && new DataView(stack.buffer).getBigUint64(0, true) > 0n);
    assert.throws(
      () => stacks.update(u32Bytes(0), new Uint8Array(128)),
      refused("bad-argument", /get_stackid/),
    );
    assert.equal([...stacks.entries()].length, 1);
    assert.equal(stacks.delete(u32Bytes(result)), true);
  });
});
