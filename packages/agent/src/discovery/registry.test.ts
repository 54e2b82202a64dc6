import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Pod } from "./pods.js";
import { newRegistry, type Observed } from "./registry.js";

async function child(
  env: Record<string, string>,
): Promise<{ process: ChildProcess; pid: number; port: number; stop(): Promise<void> }> {
  const code =
    "const s=require('net').createServer().listen(0,'127.0.0.1',()=>console.log(s.address().port));process.stdin.resume()";
  const process_ = spawn(process.execPath, ["-e", code], {
    env: { PATH: "/usr/bin:/bin", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(process_.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return {
    process: process_,
    pid: process_.pid ?? 0,
    port: Number(line.toString()),
    async stop() {
      const gone = once(process_, "exit");
      process_.kill();
      await gone;
    },
  };
}

function log(): { events: string[]; watch(p: Observed): void; unwatch(p: Observed): void } {
  const events: string[] = [];
  return {
    events,
    watch: (p) => void events.push(`+${p.identity.serviceName} (${p.reason})`),
    unwatch: (p) => void events.push(`-${p.identity.serviceName}`),
  };
}

test("a process asked for by name or port is watched from the scan on and forgotten when it ends", async () => {
  const a = await child({ OTEL_SERVICE_NAME: "cart" });
  const b = await child({ OTEL_SERVICE_NAME: "till" });
  const events = log();
  const registry = newRegistry({ selection: { names: ["ca*"], ports: [b.port] }, exclude: [], events });
  registry.scan();
  registry.scan();
  assert.deepEqual([...events.events].sort(), ["+cart (name ca*)", `+till (port ${b.port})`]);
  assert.equal(registry.listening(b.port, 0)?.identity.serviceName, "till");
  assert.equal(registry.get(process.pid)?.watched, false);
  await a.stop();
  registry.exited(a.pid);
  assert.ok(events.events.includes("-cart"));
  assert.equal(registry.get(a.pid), undefined);
  await b.stop();
});

test("a process whose end nobody told is given as gone from the second scan without it on", async () => {
  const lost = await child({ OTEL_SERVICE_NAME: "lost" });
  const registry = newRegistry({ selection: { names: ["lost"] }, exclude: [], events: log() });
  registry.scan();
  await lost.stop();
  registry.scan();
  assert.deepEqual(registry.gone(), []);
  registry.scan();
  assert.ok(registry.gone().includes(lost.pid));
  registry.exited(lost.pid);
  assert.ok(!registry.gone().includes(lost.pid));
  assert.equal(registry.get(process.pid)?.watched, false);
});

test("a process that begins to listen on an asked port after it was seen is watched from the next look on", async () => {
  const free = await child({});
  await free.stop();
  const code = `process.stdin.once("data", () => require("net").createServer().listen(${free.port}, "127.0.0.1", () => console.log("up")))`;
  const late = spawn(process.execPath, ["-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const events = log();
    const registry = newRegistry({ selection: { ports: [free.port] }, exclude: [], events });
    // The interpreter's own start: its command line is there once it runs.
    while (registry.get(late.pid ?? 0)?.facts.command[1] !== "-e") registry.started(late.pid ?? 0);
    assert.deepEqual(events.events, []);
    late.stdin.write("x");
    await once(late.stdout, "data");
    registry.scan();
    registry.scan();
    assert.deepEqual(events.events, [`+node (port ${free.port})`]);
  } finally {
    late.kill();
  }
});

test("Go3s itself and its parts are not watched, whatever is asked for", async () => {
  const part = await child({ GO3S_PART: "1" });
  const other = await child({});
  const events = log();
  const registry = newRegistry({ selection: { all: true }, exclude: [process.pid], events });
  for (const pid of [part.pid, process.pid, other.pid]) registry.started(pid);
  assert.deepEqual(events.events, ["+node (all services)"]);
  assert.equal(registry.get(part.pid)?.reason, "part of Go3s");
  assert.equal(registry.get(process.pid)?.reason, "part of Go3s");
  await part.stop();
  await other.stop();
});

test("what a watched process forks is watched as that is, also when it is over before anybody looks", async () => {
  const server = await child({ OTEL_SERVICE_NAME: "shop" });
  const events = log();
  const registry = newRegistry({ selection: { ports: [server.port] }, exclude: [], events });
  registry.started(server.pid);
  const gone = 2 ** 22 + 5;
  registry.started(gone, server.pid);
  assert.deepEqual(events.events, [`+shop (port ${server.port})`, `+shop (port ${server.port})`]);
  const forked = registry.get(gone) ?? assert.fail("not known");
  assert.deepEqual([forked.facts.pid, forked.facts.parent], [gone, server.pid]);
  registry.exited(gone);
  registry.started(gone, process.pid);
  assert.equal(registry.get(gone), undefined, "nobody asked for who has forked it");
  await server.stop();
});

test("a process that writes over its command line stays as it is, unless it has another name by that", async () => {
  const code = `process.stdin.on("data", (title) => { process.title = String(title); console.log("done"); }); console.log("up")`;
  const titled = spawn(process.execPath, ["-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(titled.stdout, "data");
    const pid = titled.pid ?? 0;
    const events = log();
    const registry = newRegistry({ selection: { pids: [pid] }, exclude: [], events });
    registry.scan();
    const become = async (title: string): Promise<void> => {
      titled.stdin.write(title);
      await once(titled.stdout, "data");
      registry.scan();
    };
    await become("shop: idle");
    await become("shop: request 1");
    const known = registry.get(pid);
    await become("shop: request 22");
    assert.equal(registry.get(pid), known);
    assert.deepEqual(events.events, [`+node (pid ${pid})`, "-node", `+shop (pid ${pid})`]);
  } finally {
    titled.kill();
  }
});

test("a process that ended before anybody looked is no error", () => {
  const events = log();
  const registry = newRegistry({ selection: { all: true }, exclude: [], events });
  registry.started(2 ** 22 + 5);
  registry.exited(2 ** 22 + 5);
  assert.deepEqual(events.events, []);
});

test("a pod that is told of after its process was seen, and one whose labels change, are taken up or left then", () => {
  const root = mkdtempSync(join(tmpdir(), "go3s-proc-"));
  try {
    const uid = "11111111-2222-3333-4444-555555555555";
    mkdirSync(join(root, "7"));
    symlinkSync(process.execPath, join(root, "7", "exe"));
    writeFileSync(join(root, "7", "stat"), `7 (shop) S 1${" 0".repeat(17)} 98765 1 2`);
    writeFileSync(join(root, "7", "cmdline"), "node\0shop.js\0");
    writeFileSync(join(root, "7", "environ"), "");
    writeFileSync(join(root, "7", "cgroup"), `0::/kubepods/pod${uid}/${"a".repeat(64)}\n`);
    let pod: Pod | undefined;
    const labelled = (labels: Record<string, string>): void => {
      const attributes = new Map(
        Object.entries(labels).map(([key, value]) => [`k8s.pod.label.${key}`, value]),
      );
      pod = { namespace: "shop", name: "shop-1", labels: new Map(Object.entries(labels)), attributes };
    };
    const events = log();
    const registry = newRegistry({
      selection: { labels: ["app=shop"], not: { labels: ["tier=db"] } },
      exclude: [],
      events,
      proc: { root },
      pods: { of: (asked) => (asked === uid ? pod : undefined) },
    });
    registry.scan();
    labelled({ app: "shop" });
    registry.podsChanged(new Set(["another"]));
    assert.deepEqual(events.events, []);
    registry.podsChanged(new Set([uid]));
    assert.deepEqual(events.events, ["+shop (label app=shop)"]);

    // Another label: the same process and probes, another resource.
    const before = registry.get(7) ?? assert.fail("not known");
    const { resource } = before.spans;
    labelled({ app: "shop", version: "2" });
    registry.podsChanged(new Set([uid]));
    assert.equal(registry.get(7), before);
    assert.equal(before.identity.attributes.get("k8s.pod.label.version"), "2");
    assert.notDeepEqual(before.spans.resource, resource);
    const again = before.spans.resource;
    registry.podsChanged(new Set([uid]));
    assert.equal(before.spans.resource, again);

    labelled({ app: "shop", tier: "db" });
    registry.podsChanged(new Set([uid]));
    labelled({ app: "cart" });
    registry.podsChanged(new Set([uid]));
    assert.equal(registry.get(7)?.watched, false);
    labelled({ app: "shop" });
    registry.podsChanged(new Set([uid]));
    assert.deepEqual(events.events, ["+shop (label app=shop)", "-shop", "+shop (label app=shop)"]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
