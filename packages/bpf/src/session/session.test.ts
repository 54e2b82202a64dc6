import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BpfError } from "../errors.js";
import { type ObjectKind, objectIds } from "../inventory/ids.js";
import type { LoadedObject } from "../object/loaded.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { ownObject } from "../testing/own-object.js";
import { openSession, type SessionOptions } from "./session.js";

const child = fileURLToPath(new URL("../testing/session-child.js", import.meta.url));

function countOf(object: LoadedObject): bigint {
  const [entry] = object.map("counts").entries();
  return entry === undefined ? -1n : new DataView(entry.value.buffer).getBigUint64(0, true);
}

/** settled waits until no program counts any more: one that runs while it is detached may still end. */
async function settled(object: LoadedObject): Promise<bigint> {
  for (;;) {
    const count = countOf(object);
    await pause(3);
    if (countOf(object) === count) return count;
  }
}

/** gone waits until the kernel has none of these objects; it frees them a moment after the last user. */
async function gone(ids: Record<ObjectKind, number[]>): Promise<boolean> {
  for (let i = 0; i < 500; i++) {
    const left = (["program", "map", "link"] as const).flatMap((kind) => {
      const there = new Set(objectIds(kind));
      return ids[kind].filter((id) => there.has(id));
    });
    if (left.length === 0) return true;
    await pause(20);
  }
  return false;
}

async function runChild(args: readonly string[], signal?: NodeJS.Signals) {
  const process_ = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  process_.stdout.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = !output.includes("\n");
    output += text;
    if (isFirst && output.includes("\n") && signal !== undefined) process_.kill(signal);
  });
  const [code, killed] = await once(process_, "close");
  const [first = "", ...rest] = output.trim().split("\n");
  const ids: Record<ObjectKind, number[]> = JSON.parse(first);
  assert.equal(ids.program.length, 1);
  assert.equal(ids.link.length, 1);
  assert.equal(ids.map.length, 3);
  assert.equal(await gone(ids), true, "the kernel still has what the process had");
  return { code, killed, unloaded: rest };
}

describe("a session", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("attaches from the start; suspended it is detached, and comes back with its maps", async () => {
    const calls: string[] = [];
    using session = openSession({
      object: ownObject(),
      constants: { factor: 1 },
      onLoad: (object) => calls.push(`load ${countOf(object)}`),
      onUnload: (object, reason) => calls.push(`unload ${reason} ${countOf(object) > 0n}`),
    });
    assert.equal(session.state, "attached");
    assert.equal(session.links.length, 1);
    await pause(1);
    assert.ok(countOf(session.object) > 0n);
    session.suspend();
    session.suspend();
    assert.equal(session.state, "suspended");
    assert.deepEqual(session.links, []);
    const kept = await settled(session.object);
    assert.ok(kept > 0n);
    session.resume();
    session.resume();
    await pause(1);
    assert.ok(countOf(session.object) > kept);
    session.close();
    session.close();
    assert.equal(session.state, "closed");
    assert.throws(
      () => session.resume(),
      (error) => error instanceof BpfError && error.code === "closed",
    );
    assert.deepEqual(calls, ["load 0", "unload closed true"]);
  });

  test("what fails half-way is taken back, and told once", () => {
    const options: SessionOptions = { object: ownObject() };
    const reasons: string[] = [];
    const onUnload: NonNullable<SessionOptions["onUnload"]> = (_object, reason) => reasons.push(reason);
    const refuse = (): never => {
      throw new Error("not this one");
    };
    assert.throws(() => openSession({ ...options, onUnload, attach: ["count", refuse] }), /not this one/);
    assert.throws(() => openSession({ ...options, onUnload, onLoad: refuse }), /not this one/);
    assert.throws(
      () => openSession({ ...options, onUnload, attach: ["nothing"] }),
      (error) => error instanceof BpfError && error.code === "not-found",
    );
    assert.deepEqual(reasons, ["failed", "failed", "failed"]);
    assert.deepEqual(kernelDescriptors(), before);
    assert.equal(process.listenerCount("SIGTERM"), 0);
  });

  test("a resume that fails leaves it suspended and whole", () => {
    let refuses = false;
    using session = openSession({
      object: ownObject(),
      attach: [
        "count",
        () => {
          if (refuses) throw new Error("not now");
          return [];
        },
      ],
    });
    session.suspend();
    refuses = true;
    assert.throws(() => session.resume(), /not now/);
    assert.equal(session.state, "suspended");
    assert.deepEqual(session.links, []);
    refuses = false;
    session.resume();
    assert.equal(session.links.length, 1);
  });

  test("everything is closed although onUnload throws, in the right order", async () => {
    const order: string[] = [];
    const session = openSession({
      object: ownObject(),
      onUnload: () => {
        order.push("unload");
        throw new Error("onUnload");
      },
    });
    session.own({ close: () => order.push(`owned, ${session.links.length} links`) });
    await assert.rejects(session[Symbol.asyncDispose](), /onUnload/);
    assert.deepEqual(order, ["owned, 0 links", "unload"]);
    assert.deepEqual(kernelDescriptors(), before);
  });

  test("nothing is left when its process is killed", async () => {
    assert.deepEqual(await runChild(["wait"], "SIGKILL"), { code: null, killed: "SIGKILL", unloaded: [] });
  });

  test("a signal closes it, and still ends the process as a signal does", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      assert.deepEqual(await runChild(["wait"], signal), {
        code: null,
        killed: signal,
        unloaded: ["unloaded signal true"],
      });
    }
  });

  test("where the program listens to the signal, it decides, and the exit closes the session", async () => {
    const end = await runChild(["wait", "listens"], "SIGTERM");
    assert.deepEqual(end, { code: 7, killed: null, unloaded: ["unloaded exit true"] });
  });

  test("an exit and an error that nobody catches close it", async () => {
    assert.deepEqual(await runChild(["exit"]), { code: 3, killed: null, unloaded: ["unloaded exit true"] });
    assert.deepEqual(await runChild(["throw"]), { code: 1, killed: null, unloaded: ["unloaded exit true"] });
  });
});
