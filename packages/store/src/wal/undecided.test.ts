import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultyFileSystem, random } from "../testing/faulty-file-system.js";
import { tokenOf } from "./convert.js";
import type { WalFileSystem } from "./file-system.js";
import { scanSegment } from "./reader.js";
import type { Damage } from "./recover.js";
import { type DecidedSegment, UndecidedLog, type UndecidedRecord } from "./undecided.js";

const DIRECTORY = "/wal/pending";

interface Rig {
  readonly log: UndecidedLog;
  readonly decided: DecidedSegment[];
  readonly damages: Damage[];
  readonly refused: string[];
}

async function open(fileSystem: WalFileSystem, bytesMax = 1_000_000): Promise<Rig> {
  const refused: string[] = [];
  const decided: DecidedSegment[] = [];
  const damages: Damage[] = [];
  const log = await UndecidedLog.open({
    fileSystem,
    directory: DIRECTORY,
    damagedDirectory: "/wal/damaged",
    segmentBytesMax: 400,
    bytesMax,
    onRefused: (code) => refused.push(code),
    require: () => undefined,
    requireRoom: () => undefined,
    onDecided: (segment) => decided.push(segment),
    onSetAside: () => undefined,
    onDamaged: (_path, found) => damages.push(...found),
  });
  return { log, decided, damages, refused };
}

const spans = (text: string): UndecidedRecord => ({ kind: "spans", rows: 1, bytes: Buffer.from(text) });

/** keepers keeps what begins with "keep", one block for each record. */
async function* keepers(records: AsyncIterable<UndecidedRecord>) {
  for await (const { bytes } of records)
    if (Buffer.from(bytes).toString().startsWith("keep"))
      yield { signal: "traces" as const, rows: 1, bytes: Buffer.from(bytes) };
}

/** Engine takes segments as ClickHouse does: a token that it knows adds nothing. */
class Engine {
  readonly rows: string[] = [];
  readonly #tokens = new Set<string>();

  async insert(fileSystem: WalFileSystem, { path, length }: DecidedSegment): Promise<void> {
    const file = await fileSystem.openRead(path);
    const token = await tokenOf(file, path, length);
    if (this.#tokens.has(token)) return;
    for await (const { frame } of scanSegment(file, length)) {
      assert.equal(frame?.header.signal, 1, "only rows for the engine");
      this.rows.push(Buffer.from(frame.payload).toString());
    }
    this.#tokens.add(token);
  }
}

/** dying lets so many calls through; then the process is dead: nothing is done any more. */
function dying(fileSystem: FaultyFileSystem, calls: number): WalFileSystem {
  let left = calls;
  const spend = (): void => {
    if (left-- <= 0) throw new Error("dead");
  };
  const file = (opened: Awaited<ReturnType<WalFileSystem["create"]>>) => ({
    ...opened,
    write: async (...args: Parameters<typeof opened.write>) => {
      spend();
      await opened.write(...args);
    },
    sync: async () => {
      spend();
      await opened.sync();
    },
    truncate: async (length: number) => {
      spend();
      await opened.truncate(length);
    },
  });
  return {
    list: (directory) => fileSystem.list(directory),
    size: (path) => fileSystem.size(path),
    openRead: (path) => fileSystem.openRead(path),
    create: async (path) => {
      spend();
      return file(await fileSystem.create(path));
    },
    remove: async (path) => {
      spend();
      await fileSystem.remove(path);
    },
    rename: async (from, to) => {
      spend();
      await fileSystem.rename(from, to);
    },
    syncDirectory: async () => spend(),
  };
}

async function decideAll({ log }: Rig): Promise<void> {
  await log.seal();
  for (let next = log.generations[0]; next !== undefined; next = log.generations[0])
    await log.decide(next, keepers);
}

test("a process that dies at any call leaves each acknowledged record decided once, as it would have been", async () => {
  let died = 0;
  for (let calls = 1; calls < 160; calls++) {
    const chance = random(calls);
    const disk = new FaultyFileSystem(calls);
    const engine = new Engine();
    const acknowledged: string[] = [];
    const mortal = dying(disk, calls);
    const insert = async (rig: Rig, files: FaultyFileSystem) => {
      for (const segment of rig.decided.splice(0)) {
        await engine.insert(files, segment);
        // Removed or not: a crash may come between the two.
        if (chance() < 0.7) await files.remove(segment.path);
      }
    };
    try {
      const rig = await open(mortal);
      for (let i = 0; i < 40; i++) {
        const text = `${chance() < 0.4 ? "keep" : "drop"} ${i} ${"x".repeat(Math.floor(chance() * 60))}`;
        await rig.log.append([spans(text)]);
        acknowledged.push(text);
        if (chance() < 0.3) await decideAll(rig);
        await insert(rig, disk);
      }
      assert.deepEqual(rig.damages, []);
    } catch {
      died++;
    }
    const after = disk.crash();
    const next = await open(after);
    await decideAll(next);
    await insert(next, after);
    const wanted = acknowledged.filter((text) => text.startsWith("keep"));
    const found = engine.rows.filter((text) => acknowledged.includes(text));
    assert.deepEqual(found.toSorted(), wanted.toSorted(), `dead after ${calls} calls`);
    // What was never acknowledged may be there, once.
    assert.equal(new Set(engine.rows).size, engine.rows.length);
    assert.equal(next.log.bytes, 0);
  }
  assert.ok(died > 100, `${died} deaths`);
});

test("a full disk refuses what comes and leaves a generation undecided; with room both go on", async () => {
  const disk = new FaultyFileSystem(1);
  const rig = await open(disk);
  await rig.log.append([spans("keep 1"), spans("drop 2")]);
  await rig.log.seal();
  const before = rig.log.bytes;
  disk.spaceLeft = 40;
  await assert.rejects(rig.log.append([spans("keep 3")]), { code: "disk-full" });
  const [generation] = rig.log.generations;
  assert.ok(generation);
  await assert.rejects(rig.log.decide(generation, keepers), /ENOSPC/);
  assert.deepEqual([rig.log.generations.length, rig.log.bytes, rig.decided.length], [1, before, 0]);
  assert.ok(
    (await disk.list(DIRECTORY)).every((name) => name.endsWith(".wal")),
    "nothing half-written is left",
  );
  disk.spaceLeft = Number.POSITIVE_INFINITY;
  await rig.log.append([spans("keep 3")]);
  await decideAll(rig);
  const engine = new Engine();
  for (const segment of rig.decided) await engine.insert(disk, segment);
  assert.deepEqual(engine.rows, ["keep 1", "keep 3"]);
  assert.equal(rig.log.bytes, 0);
});

test("more than may wait is refused, and what waits is counted", async () => {
  const disk = new FaultyFileSystem(1);
  const { log } = await open(disk);
  await log.append([spans("x".repeat(900_000))]);
  assert.ok(log.bytes > 900_000);
  await assert.rejects(log.append([spans("y".repeat(200_000))]), { code: "store-busy" });
  await log.close();
});

test("a disk that hangs holds so much in memory and no more", async () => {
  const disk = new FaultyFileSystem(1);
  const hanging: (() => void)[] = [];
  const { log, refused } = await open(
    {
      ...dying(disk, Number.POSITIVE_INFINITY),
      create: async (path) => ({
        ...(await disk.create(path)),
        // What is in memory counts here, not what is on the disk.
        write: async () => undefined,
        sync: () => new Promise((resolve) => hanging.push(resolve)),
      }),
    },
    2 ** 40,
  );
  const large = spans("x".repeat(60 << 20));
  const waiting = Array.from({ length: 4 }, () => log.append([large]));
  await assert.rejects(log.append([large]), { code: "store-busy" });
  assert.deepEqual(refused, ["store-busy"]);
  const release = setInterval(() => {
    for (const resolve of hanging.splice(0)) resolve();
  }, 1);
  await Promise.all(waiting);
  await log.append([large]);
  clearInterval(release);
});

test("a stretch that is damaged is set aside and told, once, and the rest is decided", async () => {
  const disk = new FaultyFileSystem(1);
  const first = await open(disk);
  await first.log.append([spans("keep 1"), spans("keep 2"), spans("keep 3")]);
  await first.log.close();
  const node = disk.files.get(`${DIRECTORY}/0000000001.wal`);
  assert.ok(node);
  node.written[node.written.indexOf("keep 2")] = 0;
  const rig = await open(disk);
  const [generation] = rig.log.generations;
  assert.ok(generation);
  for await (const record of rig.log.read(generation)) assert.equal(record.rows, 1);
  assert.deepEqual(rig.damages, []);
  await rig.log.decide(generation, keepers);
  assert.deepEqual(
    rig.damages.map(({ letter, rows }) => [letter, rows]),
    [["H", 1]],
  );
  const engine = new Engine();
  for (const segment of rig.decided) await engine.insert(disk, segment);
  assert.deepEqual(engine.rows, ["keep 1", "keep 3"]);
  const aside = [...disk.files].filter(([path]) => path.startsWith("/wal/damaged/"));
  assert.equal(aside.length, 1);
  assert.ok(aside[0]?.[1].written.includes("eep 2"));
});

test("verdicts outlive the generations, whole or as they were before", async () => {
  const disk = new FaultyFileSystem(1);
  const { log } = await open(disk);
  assert.equal((await log.remembered()).length, 0);
  await log.remember(Buffer.alloc(32, 1), 2);
  disk.spaceLeft = 50;
  await assert.rejects(log.remember(Buffer.alloc(320, 2), 20), /ENOSPC/);
  const next = await open(disk.crash());
  assert.deepEqual(await next.log.remembered(), new Uint8Array(32).fill(1));
});
