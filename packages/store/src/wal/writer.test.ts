import assert from "node:assert/strict";
import { test } from "node:test";
import { type Faults, FaultyFileSystem, random } from "../testing/faulty-file-system.js";
import { readLog } from "../testing/read-log.js";
import { FRAME_PAYLOAD_MAX } from "./frame.js";
import { scanSegment } from "./reader.js";
import type { LogFault, SealedSegment } from "./writer.js";
import { WalWriter } from "./writer.js";

const DIRECTORY = "/log";

function record(text: string): { signal: number; rows: number; bytes: Uint8Array } {
  return { signal: 1, rows: 1, bytes: Buffer.from(text) };
}

function writerOn(
  fileSystem: FaultyFileSystem,
  sealed: SealedSegment[],
  segmentBytesMax = 1000,
  faults: LogFault[] = [],
): WalWriter {
  return new WalWriter({
    fileSystem,
    directory: DIRECTORY,
    firstNumber: 1,
    segmentBytesMax,
    onSealed: (segment) => sealed.push(segment),
    onFault: (fault) => faults.push(fault),
  });
}

test("appends that come together share one write and one sync", async () => {
  const fileSystem = new FaultyFileSystem(1);
  let syncs = 0;
  const create = fileSystem.create.bind(fileSystem);
  fileSystem.create = async (path) => {
    const file = await create(path);
    const sync = async (): Promise<void> => {
      syncs++;
      await file.sync();
    };
    return { ...file, sync };
  };
  const writer = writerOn(fileSystem, [], 1_000_000);
  await writer.append([record("first")]);
  const before = syncs;
  await Promise.all(Array.from({ length: 100 }, (_, index) => writer.append([record(`r${index}`)])));
  // One group takes the first of them alone, the next all that gathered meanwhile.
  assert.ok(syncs - before <= 2, `${syncs - before} syncs for 100 appends`);
  assert.equal((await readLog(fileSystem, DIRECTORY)).payloads.length, 101);
  await writer.close();
});

test("segments are sealed by size and on request, in order, and the numbers go on", async () => {
  const fileSystem = new FaultyFileSystem(1);
  const sealed: SealedSegment[] = [];
  const writer = writerOn(fileSystem, sealed, 200);
  for (let index = 0; index < 10; index++) await writer.append([record("x".repeat(60))]);
  await writer.append([record("rest")]);
  await writer.seal();
  await writer.seal();
  await writer.close();
  assert.deepEqual(
    sealed.map(({ header }) => header.number),
    sealed.map((_, index) => index + 1),
  );
  assert.ok(sealed.length >= 3);
  for (const { path, length } of sealed) assert.equal(await fileSystem.size(path), length);
  assert.equal((await readLog(fileSystem, DIRECTORY)).payloads.length, 11);
});

test("what is acknowledged is counted as active or as sealed at every moment", async () => {
  const fileSystem = new FaultyFileSystem(1);
  const sealed: SealedSegment[] = [];
  const create = fileSystem.create.bind(fileSystem);
  let active = Number.NaN;
  let told = -1;
  fileSystem.create = async (path) => ({
    ...(await create(path)),
    close: async () => {
      active = writer.activeBytes;
      told = sealed.length;
    },
  });
  const writer = writerOn(fileSystem, sealed);
  await writer.append([record("one")]);
  await writer.seal();
  assert.deepEqual([active, told], [0, 1]);
  await writer.close();
});

test("seal under constant load does not wait for the queue to be empty", async () => {
  const sealed: SealedSegment[] = [];
  const writer = writerOn(new FaultyFileSystem(1), sealed, 1_000_000);
  let running = true;
  const lanes = Array.from({ length: 4 }, async () => {
    while (running) await writer.append([record("load")]);
  });
  await writer.seal();
  await writer.seal();
  running = false;
  await Promise.all(lanes);
  assert.ok(sealed.length >= 1);
  await writer.close();
});

test("a full disk rejects with disk-full, leaves no part behind, and the log goes on when there is room", async () => {
  const fileSystem = new FaultyFileSystem(1);
  const sealed: SealedSegment[] = [];
  const writer = writerOn(fileSystem, sealed, 1_000_000);
  await writer.append([record("before")]);
  fileSystem.spaceLeft = 10;
  await assert.rejects(writer.append([record("too much")]), { code: "disk-full", retryable: true });
  await assert.rejects(writer.append([record("still")]), { code: "disk-full" });
  fileSystem.spaceLeft = Number.POSITIVE_INFINITY;
  await writer.append([record("after")]);
  await writer.close();
  const { payloads, damages } = await readLog(fileSystem, DIRECTORY);
  assert.deepEqual(payloads, ["before", "after"]);
  assert.deepEqual(damages, []);
});

test("a failed sync rejects those who wait and ends the segment: it is never synced again", async () => {
  const fileSystem = new FaultyFileSystem(1);
  const sealed: SealedSegment[] = [];
  const writer = writerOn(fileSystem, sealed, 1_000_000);
  await writer.append([record("safe")]);
  fileSystem.faults = { failedSync: 1 };
  const both = [writer.append([record("lost a")]), writer.append([record("lost b")])];
  for (const result of await Promise.allSettled(both)) assert.equal(result.status, "rejected");
  fileSystem.faults = {};
  assert.equal(sealed.length, 1);
  await writer.append([record("next")]);
  await writer.close();
  assert.deepEqual(
    sealed.map(({ header }) => header.number).length,
    2,
    "what comes after a failed sync is in a segment of its own",
  );
  assert.deepEqual((await readLog(fileSystem, DIRECTORY)).payloads, ["safe", "next"]);
});

interface FaultCase {
  readonly what: string;
  readonly faults: Faults;
  readonly code: string;
  /** ended says whether the segment takes nothing more. */
  readonly ended: boolean;
  readonly during: "write" | "sync";
}

/** FAULT_CASES are rows of docs/wal.md's table of what fails while a segment is written. */
const FAULT_CASES: readonly FaultCase[] = [
  { what: "full", faults: { partialWrite: 1 }, code: "disk-full", ended: false, during: "write" },
  {
    what: "quota",
    faults: { partialWrite: 1, errno: "EDQUOT" },
    code: "disk-full",
    ended: false,
    during: "write",
  },
  {
    what: "EIO in a write",
    faults: { partialWrite: 1, errno: "EIO" },
    code: "log-failed",
    ended: true,
    during: "write",
  },
  {
    what: "full and not to be cut",
    faults: { partialWrite: 1, failedTruncate: 1 },
    code: "disk-full",
    ended: true,
    during: "write",
  },
  { what: "EIO in a sync", faults: { failedSync: 1 }, code: "log-failed", ended: true, during: "sync" },
  {
    what: "full at the sync",
    faults: { failedSync: 1, errno: "ENOSPC" },
    code: "disk-full",
    ended: true,
    during: "sync",
  },
  {
    what: "EIO in a sync, not to be cut",
    faults: { failedSync: 1, failedTruncate: 1 },
    code: "log-failed",
    ended: true,
    during: "sync",
  },
];

for (const { what, faults, code, ended, during } of FAULT_CASES) {
  test(`a fault of the disk: ${what}: refused as ${code}, the segment ${ended ? "is ended" : "goes on"}`, async () => {
    const fileSystem = new FaultyFileSystem(3);
    const sealed: SealedSegment[] = [];
    const told: LogFault[] = [];
    const writer = writerOn(fileSystem, sealed, 1_000_000, told);
    await writer.append([record("safe")]);
    fileSystem.faults = faults;
    const both = [writer.append([record("lost a")]), writer.append([record("lost b")])];
    await assert.rejects(both[0] ?? Promise.resolve(), { code, retryable: true });
    await assert.rejects(both[1] ?? Promise.resolve(), { code, retryable: true });
    fileSystem.faults = {};
    assert.deepEqual(
      { ended: told[0]?.ended, during: told[0]?.during, sealed: sealed.length },
      { ended, during, sealed: ended ? 1 : 0 },
    );
    await writer.append([record("next")]);
    await writer.close();
    assert.equal(sealed.length, ended ? 2 : 1);
    // What the engine is given: the segments up to their durable lengths.
    const payloads: string[] = [];
    for (const { path, length } of sealed) {
      for await (const { frame } of scanSegment(await fileSystem.openRead(path), length))
        payloads.push(Buffer.from(frame?.payload ?? []).toString());
    }
    assert.deepEqual(payloads, ["safe", "next"]);
  });
}

test("a segment whose name cannot be made durable is removed, and nothing of it acknowledged", async () => {
  const fileSystem = new FaultyFileSystem(3, { failedDirectorySync: 1 });
  const writer = writerOn(fileSystem, []);
  await assert.rejects(writer.append([record("never")]), { code: "log-failed" });
  assert.deepEqual([...fileSystem.files.keys()], []);
  fileSystem.faults = {};
  await writer.append([record("then")]);
  await writer.close();
  assert.deepEqual((await readLog(fileSystem, DIRECTORY)).payloads, ["then"]);
});

test("blocks the log cannot hold are refused before anything is written", async () => {
  const writer = writerOn(new FaultyFileSystem(1), []);
  await assert.rejects(writer.append([record("")]), { code: "bad-block" });
  const huge = { signal: 1, rows: 1, bytes: new Uint8Array(FRAME_PAYLOAD_MAX + 1) };
  await assert.rejects(writer.append([huge]), { code: "bad-block" });
  await writer.append([]);
  await writer.close();
  await assert.rejects(writer.append([record("late")]), { code: "closed" });
});

interface Life {
  readonly fileSystem: FaultyFileSystem;
  readonly writer: WalWriter;
  readonly acknowledged: string[];
  readonly all: number;
}

/** oneLife appends from three lanes under the seed's faults. */
async function oneLife(seed: number, failedTruncate: number): Promise<Life> {
  const chance = random(seed);
  const fileSystem = new FaultyFileSystem(seed, {
    partialWrite: chance() * 0.3,
    failedSync: chance() * 0.3,
    failedTruncate,
    errno: chance() < 0.5 ? "ENOSPC" : "EIO",
  });
  const writer = writerOn(fileSystem, [], 500 + chance() * 2000);
  const acknowledged: string[] = [];
  let all = 0;
  const lanes = Array.from({ length: 3 }, async (_, lane) => {
    for (let index = 0; index < 40; index++) {
      const text = `${lane}:${index}:${"p".repeat(Math.floor(chance() * 80))}`;
      all++;
      await writer.append([record(text)]).then(
        () => acknowledged.push(text),
        () => undefined,
      );
      if (chance() < 0.05) await writer.seal();
    }
  });
  await Promise.all(lanes);
  return { fileSystem, writer, acknowledged, all };
}

test("under seeded faults and a crash each acknowledged record comes back exactly once", async () => {
  let refused = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const { fileSystem, writer, acknowledged, all } = await oneLife(seed, 0.2);
    // In half of the lives something is under way when the machine stops.
    if (seed % 2 === 0) void writer.append([record("under way")]).catch(() => undefined);
    const { payloads } = await readLog(fileSystem.crash(), DIRECTORY);
    const found = new Map<string, number>();
    for (const payload of payloads) found.set(payload, (found.get(payload) ?? 0) + 1);
    for (const text of acknowledged) assert.equal(found.get(text), 1, `seed ${seed}: ${text}`);
    for (const [text, times] of found)
      assert.equal(times, 1, `seed ${seed}: ${text} is there ${times} times`);
    refused += all - acknowledged.length;
  }
  assert.ok(refused > 300, `only ${refused} appends met a fault: the rig does not bite`);
});

test("while the disk lets itself be cut, what was refused is not in the log and nothing is torn", async () => {
  for (let seed = 1000; seed < 1060; seed++) {
    const { fileSystem, writer, acknowledged } = await oneLife(seed, 0);
    fileSystem.faults = {};
    await writer.close();
    const { payloads, damages } = await readLog(fileSystem, DIRECTORY);
    assert.deepEqual(payloads.sort(), acknowledged.sort(), `seed ${seed}`);
    assert.deepEqual(damages, [], `seed ${seed}`);
  }
});
