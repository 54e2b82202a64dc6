import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { after, before, describe, test } from "node:test";
import { openSocket, sendBytes, setSocketOption } from "../kernel/socket.js";
import { OwnCgroup, skipWithoutCgroups } from "../testing/cgroup.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { enterOwnNetwork } from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachCgroup } from "./cgroup.js";
import { CGROUP_HOOKS, type CgroupHook, cgroupHooks } from "./cgroup-hooks.js";

const EPERM = -1;
const HOOKS = cgroupHooks().filter((hook) => hook !== "lsm");
const skip = skipWithoutBpf() || skipWithoutCgroups();

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.end("hello"));
  await new Promise<void>((resolve, reject) => server.on("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { server, port: address.port };
}

function connecting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    socket.on("close", () => resolve("closed"));
    socket.resume();
  });
}

function sendUdp(): number {
  using socket = openSocket(2, 2, 0, "UDP socket");
  // struct sockaddr_in: port 9, 127.0.0.1
  return sendBytes(
    socket.number,
    new Uint8Array(8),
    Uint8Array.of(2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  );
}

describe("cgroup", { skip }, () => {
  const held = kernelDescriptors();
  let group: OwnCgroup;
  before(() => {
    enterOwnNetwork();
    group = new OwnCgroup();
    group.enter();
  });
  after(() => {
    group[Symbol.dispose]();
    assert.deepEqual(kernelDescriptors(), held);
  });

  /** at counts the runs of a hook while work is done; the program gives `result`. */
  async function at(hook: CgroupHook, result: number, work: () => unknown): Promise<number> {
    const { programType, attachType } = CGROUP_HOOKS[hook];
    using tally = new Tally();
    using program = tally.program(programType, result, { attachType });
    using link = attachCgroup(program, { path: group.path, hook });
    assert.equal(link.kind, "cgroup");
    await work();
    return tally.count;
  }

  for (const hook of HOOKS) {
    test(`${hook} is attached, asked and replaced`, () => {
      const { programType, attachType } = CGROUP_HOOKS[hook];
      using tally = new Tally();
      const options = { attachType };
      using program = tally.program(programType, 1, options);
      using next = tally.program(programType, 1, options);
      for (const way of ["link", "call"] as const) {
        using link = attachCgroup(program, { path: group.path, hook, way });
        const info = link.info();
        assert.equal(info.programId, program.info().id);
        if (info.kind === "cgroup") {
          assert.equal(info.attachType, attachType);
          assert.equal(info.cgroupId, BigInt(statSync(group.path).ino));
        }
        link.update(next, { replaces: program });
        assert.equal(link.info().programId, next.info().id);
      }
    });
  }

  test("connections are counted and refused", async () => {
    const { server, port } = await listening();
    try {
      assert.equal(await at("connect4", 1, async () => assert.equal(await connecting(port), "closed")), 1);
      assert.equal(await at("connect4", 0, async () => assert.equal(await connecting(port), "EPERM")), 1);
      assert.ok((await at("egress", 1, () => connecting(port))) > 3, "a connection sends packets");
      assert.ok((await at("ingress", 1, () => connecting(port))) > 3);
      assert.ok((await at("sock_ops", 1, () => connecting(port))) > 1, "a connection has states");
    } finally {
      server.close();
    }
  });

  test("binding, sending, sockets and their options are refused", async () => {
    await at("bind4", 0, () => assert.rejects(listening(), { code: "EPERM" }));
    await at("post_bind4", 0, () => assert.rejects(listening(), { code: "EPERM" }));
    await at("sendmsg4", 0, () => assert.equal(sendUdp(), EPERM));
    assert.equal(sendUdp(), 8);
    await at("sock_create", 0, () => assert.throws(() => sendUdp(), refused("permission-denied", /socket/)));
    assert.ok((await at("sock_release", 1, () => sendUdp())) >= 1);
    await at("setsockopt", 0, () => {
      using socket = openSocket(2, 2, 0, "UDP socket");
      // SO_REUSEADDR
      assert.equal(setSocketOption(socket.number, 2, 1), EPERM);
    });
  });

  test("device files and /proc/sys are watched", async () => {
    assert.ok((await at("device", 1, () => readFileSync("/dev/null"))) >= 1);
    await at("device", 0, () => assert.throws(() => readFileSync("/dev/zero"), { code: "EPERM" }));
    const path = "/proc/sys/kernel/ostype";
    assert.ok((await at("sysctl", 1, () => readFileSync(path))) >= 1);
    await at("sysctl", 0, () => assert.throws(() => readFileSync(path), { code: "EPERM" }));
  });

  test("all programs of a hook must allow, in the order of their places", () => {
    const { programType, attachType } = CGROUP_HOOKS.sendmsg4;
    using yes = new Tally();
    using no = new Tally();
    using allows = yes.program(programType, 1, { attachType });
    using refuses = no.program(programType, 0, { attachType });
    const where = { path: group.path, hook: "sendmsg4" } as const;
    using first = attachCgroup(allows, where);
    {
      using second = attachCgroup(refuses, { ...where, place: { before: first } });
      assert.equal(second.kind, "cgroup");
      assert.equal(sendUdp(), EPERM);
      second.detach();
    }
    assert.equal(sendUdp(), 8);
    assert.deepEqual([yes.count, no.count], [2, 1]);
  });

  test("what cannot be is told", () => {
    using tally = new Tally();
    const { programType, attachType } = CGROUP_HOOKS.connect4;
    using program = tally.program(programType, 1, { attachType });
    const hook = "connect4";
    assert.throws(
      () => attachCgroup(program, { path: "/no/such", hook }),
      refused("not-found", /ENOENT.*findCgroups/),
    );
    assert.throws(
      () => attachCgroup(program, { path: "/tmp", hook }),
      refused("system-call-failed", /unified/),
    );
    assert.throws(
      () => attachCgroup(program, { path: group.path, hook: "bind4" }),
      refused("system-call-failed", /EINVAL.*loaded for bind4/),
    );
    using skb = tally.program(ProgramType.BPF_PROG_TYPE_CGROUP_SKB, 1);
    using link = attachCgroup(skb, { path: group.path, hook: "egress" });
    assert.throws(() => link.update(program), refused("bad-argument", /of the type/));
  });
});
