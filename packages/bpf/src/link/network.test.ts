import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { exit } from "../asm/flow.js";
import { R0, R1 } from "../asm/instruction.js";
import { load } from "../asm/memory.js";
import { interfaceIndex } from "../kernel/interface.js";
import { openSocket, receiveBytes, sendBytes, setSocketOption } from "../kernel/socket.js";
import { type BpfMap, createMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { createVeth, enterOwnNetwork, ourFramesInSkb, sendFrames } from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapType, type MapTypeId } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachLirc } from "./lirc.js";
import { attachNetfilter } from "./netfilter.js";
import { attachNetns } from "./netns.js";
import { attachReuseport, attachSocketFilter } from "./socket.js";
import { attachSockmap, SOCKMAP_HOOKS } from "./sockmap.js";

const EPERM = -1;
const EAGAIN = -11;

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { server, port: address.port };
}

/** withEcho connects a socket to a server that sends everything back, for the time of what is done with it. */
async function withEcho(use: (socket: Socket) => Promise<void>): Promise<void> {
  const { server, port } = await listening();
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    await use(socket);
  } finally {
    socket.destroy();
    server.close();
  }
}

function createSocketMap(type: MapTypeId): BpfMap {
  return createMap({ name: "sockets", type, keySize: 4, valueSize: 4, maxEntries: 2 });
}

/** received waits for a packet, at most 10 s: a busy machine delivers it a little later. */
async function received(fd: number, buffer: Uint8Array): Promise<number> {
  for (let waited = 0; waited < 1000; waited++) {
    const length = receiveBytes(fd, buffer);
    if (length !== EAGAIN) return length;
    await pause(10);
  }
  return EAGAIN;
}

/** The descriptor of a socket of Node's, which its types do not show. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  assert.ok(typeof handle === "object" && handle !== null);
  const fd: unknown = Reflect.get(handle, "fd");
  assert.ok(typeof fd === "number");
  return fd;
}

function sendUdp(): number {
  using socket = openSocket(2, 2, 0, "UDP socket");
  return sendBytes(
    socket.number,
    new Uint8Array(8),
    Uint8Array.of(2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  );
}

describe("the hooks of sockets and namespaces", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  before(() => {
    enterOwnNetwork();
    createVeth("near", "far");
  });
  after(() => assert.deepEqual(kernelDescriptors(), held));

  test("sk_lookup chooses the socket of a connection, or refuses it", async () => {
    const { server, port } = await listening();
    try {
      using tally = new Tally();
      const type = ProgramType.BPF_PROG_TYPE_SK_LOOKUP;
      const attachType = AttachType.BPF_SK_LOOKUP;
      using drops = tally.program(type, 0, { attachType });
      using passes = tally.program(type, 1, { attachType });
      using link = attachNetns(drops, { hook: "sk_lookup" });
      const [error] = await once(connect(port, "127.0.0.1"), "error").catch((thrown) => [thrown]);
      assert.equal(error.code, "ECONNREFUSED");
      assert.ok(tally.count >= 1);
      link.update(passes);
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.destroy();
      const info = link.info();
      assert.equal(info.programId, passes.info().id);
      assert.ok(info.kind === "netns" && info.namespaceInode === statSync("/proc/thread-self/ns/net").ino);
    } finally {
      server.close();
    }
  });

  test("a flow dissector is attached, replaced and detached", () => {
    using tally = new Tally();
    const type = ProgramType.BPF_PROG_TYPE_FLOW_DISSECTOR;
    using program = tally.program(type, 0);
    using next = tally.program(type, 0);
    using link = attachNetns(program, { hook: "flow_dissector" });
    assert.throws(
      () => attachNetns(next, { hook: "flow_dissector" }),
      refused("already-exists", /bpftool net/),
    );
    link.update(next);
    assert.equal(link.info().programId, next.info().id);
    link.detach();
    using again = attachNetns(next, { hook: "flow_dissector" });
    assert.equal(again.kind, "netns");
  });

  test("netfilter drops what goes out", () => {
    using tally = new Tally();
    const type = ProgramType.BPF_PROG_TYPE_NETFILTER;
    using program = tally.program(type, 0, { attachType: AttachType.BPF_NETFILTER });
    const where = { family: "ipv4", hook: "output", priority: -7 } as const;
    {
      using link = attachNetfilter(program, where);
      assert.equal(sendUdp(), EPERM);
      // Connections of other tests may have said their last word too.
      assert.ok(tally.count >= 1);
      const { kind, family, hook, priority } = { family: 0, hook: 0, priority: 0, ...link.info() };
      assert.deepEqual([kind, family, hook, priority], ["netfilter", 2, 3, -7]);
      assert.throws(() => attachNetfilter(program, where), refused("already-exists", /take another one/));
      assert.throws(
        () => link.update(program),
        refused("not-supported", /netfilter keep their program.*beside it/),
      );
    }
    const counted = tally.count;
    assert.equal(sendUdp(), 8);
    using other = attachNetfilter(program, { ...where, family: "ipv6" });
    other.detach();
    assert.equal(sendUdp(), 8);
    assert.equal(tally.count, counted);
  });

  for (const way of ["link", "call"] as const) {
    test(`sk_msg sees what sockets of a map send, by ${way}`, async () => {
      await withEcho(async (socket) => {
        using tally = new Tally();
        using map = createSocketMap(MapType.BPF_MAP_TYPE_SOCKMAP);
        const attachType = AttachType.BPF_SK_MSG_VERDICT;
        using program = tally.program(ProgramType.BPF_PROG_TYPE_SK_MSG, 1, { attachType });
        using next = tally.program(ProgramType.BPF_PROG_TYPE_SK_MSG, 1, { attachType });
        using link = attachSockmap(program, { map, hook: "msg_verdict", way });
        map.update(u32Bytes(0), u32Bytes(descriptorOf(socket)));
        socket.write("ping");
        assert.equal(String(await once(socket, "data")), "ping");
        assert.equal(tally.count, 1);
        const info = link.info();
        assert.equal(info.programId, program.info().id);
        if (info.kind === "sockmap") assert.equal(info.attachType, attachType);
        link.update(next);
        assert.equal(link.info().programId, next.info().id);
        socket.write("pong");
        await once(socket, "data");
        assert.equal(tally.count, 2);
      });
    });

    test(`sk_skb sees what sockets of a map receive, by ${way}`, async () => {
      await withEcho(async (socket) => {
        using tally = new Tally();
        using map = createSocketMap(MapType.BPF_MAP_TYPE_SOCKHASH);
        const attachType = SOCKMAP_HOOKS.verdict;
        using program = tally.program(ProgramType.BPF_PROG_TYPE_SK_SKB, 1, { attachType });
        using link = attachSockmap(program, { map, hook: "verdict", way });
        map.update(u32Bytes(7), u32Bytes(descriptorOf(socket)));
        socket.write("ping");
        assert.equal(String(await once(socket, "data")), "ping");
        assert.ok(tally.count >= 1);
        assert.equal(link.info().programId, program.info().id);
      });
    });
  }

  test("parser and stream verdict see the messages of a stream together", async () => {
    await withEcho(async (socket) => {
      using tally = new Tally();
      using map = createSocketMap(MapType.BPF_MAP_TYPE_SOCKMAP);
      const type = ProgramType.BPF_PROG_TYPE_SK_SKB;
      // Each packet is a message: its length is the first word of __sk_buff.
      using parser = loadProgram({
        name: "parser",
        type,
        attachType: SOCKMAP_HOOKS.stream_parser,
        license: "GPL",
        instructions: [load(4, R0, R1, 0), exit()],
      });
      using verdict = tally.program(type, 1, { attachType: SOCKMAP_HOOKS.stream_verdict });
      using plain = tally.program(type, 1, { attachType: SOCKMAP_HOOKS.verdict });
      using first = attachSockmap(parser, { map, hook: "stream_parser" });
      using second = attachSockmap(verdict, { map, hook: "stream_verdict" });
      assert.deepEqual([first.kind, second.kind], ["sockmap", "sockmap"]);
      map.update(u32Bytes(0), u32Bytes(descriptorOf(socket)));
      socket.write("ping");
      assert.equal(String(await once(socket, "data")), "ping");
      assert.ok(tally.count >= 1);
      assert.throws(() => attachSockmap(plain, { map, hook: "verdict" }), refused("already-exists", /EBUSY/));
      assert.throws(
        () => attachSockmap(plain, { map: tally.map, hook: "verdict" }),
        refused("system-call-failed", /must be a SOCKMAP/),
      );
    });
  });

  test("a socket filter keeps and drops packets", async () => {
    using tally = new Tally();
    const type = ProgramType.BPF_PROG_TYPE_SOCKET_FILTER;
    using drops = tally.program(type, 0, { filter: ourFramesInSkb });
    using keeps = tally.program(type, -1, { filter: ourFramesInSkb });
    // AF_PACKET, SOCK_RAW, the tests' own EtherType.
    using socket = openSocket(17, 3, 0xb588, "packet socket");
    const buffer = new Uint8Array(256);
    const link = attachSocketFilter(drops, { fd: socket.number });
    sendFrames(interfaceIndex("near"), 1);
    assert.ok((await tally.reached(1)) >= 1);
    assert.equal(receiveBytes(socket.number, buffer), EAGAIN);
    link.update(keeps);
    sendFrames(interfaceIndex("near"), 1);
    assert.equal(await received(socket.number, buffer), 64);
    assert.throws(() => link.info(), refused("not-supported", /how often they ran/));
    assert.throws(() => link.update(keeps, { replaces: drops }), refused("not-supported", /only if/));
    link.close();
    const counted = tally.count;
    sendFrames(interfaceIndex("near"), 1);
    assert.equal(tally.count, counted);
    assert.throws(
      () => attachSocketFilter(drops, { fd: tally.map.fd }),
      refused("bad-argument", /not a socket/),
    );
    const late = attachSocketFilter(drops, { fd: socket.number });
    socket.close();
    assert.throws(() => late.update(keeps), refused("closed", /was closed/));
    late.close();
  });

  test("a reuseport program is attached to a group of sockets", () => {
    using tally = new Tally();
    using program = tally.program(ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, 0);
    using socket = openSocket(2, 2, 0, "UDP socket");
    assert.throws(
      () => attachReuseport(program, { fd: socket.number }),
      refused("system-call-failed", /SO_ATTACH_REUSEPORT_EBPF/),
    );
    // SO_REUSEPORT
    assert.equal(setSocketOption(socket.number, 15, 1), 0);
    const link = attachReuseport(program, { fd: socket.number });
    link.update(program);
    link.close();
  });

  test("an infrared receiver that is not there is told", () => {
    using tally = new Tally();
    using program = tally.program(ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, 0);
    assert.throws(
      () => attachLirc(program, { device: "/dev/lirc99" }),
      refused("not-found", /lirc99: ENOENT/),
    );
  });
});
