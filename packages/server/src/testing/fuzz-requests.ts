import { createCounters } from "../counters.js";
import { translate } from "../foreign/formats.js";
import { foreignAt } from "../foreign/receive.js";
import { decompress, type Encoding } from "../receive/body.js";
import { createDecoders } from "../receive/decoders.js";
import { createIntake } from "../receive/intake.js";
import { otlpJsonToBytes } from "../receive/json.js";
import type { Intake } from "../receive/receiver.js";
import { otlpSignals, refusalOf } from "../receive/status.js";
import { createSamplingIntake } from "../sample/intake.js";
import { type FuzzSeed, fuzzSeeds, packings, snappyOf } from "./fuzz-seeds.js";
import { newMemoryLog } from "./memory-log.js";
import { type Chance, chanceOf, mutateBytes, mutateJson, mutateMessage, pick } from "./mutate.js";

/** FuzzShot is one harmed request. */
export interface FuzzShot {
  readonly kind: FuzzSeed;
  readonly encoding: Encoding;
  readonly body: Buffer;
}

/** shotOf makes the request of a number: the same one each time. */
export function shotOf(number: number): FuzzShot {
  const chance = chanceOf(number);
  const kind = pick(chance, fuzzSeeds);
  const whole = pick(chance, kind.bodies);
  const other = pick(chance, pick(chance, fuzzSeeds).bodies);
  const harmed = harm(kind, whole, chance, other);
  if (kind.snappy) return { kind, encoding: "identity", body: harmPacked(snappyOf(harmed), chance, other) };
  const encoding = pick<Encoding>(chance, ["identity", "identity", "gzip", "zstd"]);
  const pack = packings[encoding] ?? ((body: Buffer) => body);
  const packed = pack(harmed);
  return { kind, encoding, body: encoding === "identity" ? packed : harmPacked(packed, chance, other) };
}

function harm(kind: FuzzSeed, whole: Buffer, chance: Chance, other: Buffer): Buffer {
  if (kind.form === "bytes" || chance() < 0.3) return mutateBytes(whole, chance, other);
  return kind.form === "json" ? mutateJson(whole, chance) : mutateMessage(whole, chance, other);
}

/** Most stay packed as they are, or nothing would ever get behind the decompression. */
function harmPacked(body: Buffer, chance: Chance, other: Buffer): Buffer {
  return chance() < 0.25 ? mutateBytes(body, chance, other) : body;
}

/** FuzzTarget takes requests as the server does, without sockets and without a disk. */
export interface FuzzTarget {
  readonly intake: Intake;
  /** sampling stands before it for every second request of spans. */
  readonly sampling: Intake;
  /** blocks and rows that the log would have got. */
  readonly taken: { blocks: number; rows: number };
}

/** newFuzzTarget makes one. */
export async function newFuzzTarget(): Promise<FuzzTarget> {
  const taken = { blocks: 0, rows: 0 };
  const append = async (blocks: readonly { readonly rows: number }[]): Promise<void> => {
    taken.blocks += blocks.length;
    for (const { rows } of blocks) taken.rows += rows;
  };
  // A small ratio and little memory: every way a span can take is taken.
  const sampled = (intake: Intake) =>
    createSamplingIntake(
      intake,
      newMemoryLog(taken),
      { ratio: 0.3, slow_ms: 1, wait_ms: 40, waitingBytes: 1 << 20 },
      createCounters(),
    );
  const decoders = createDecoders();
  const intake = createIntake({ append }, decoders);
  return { intake, sampling: await sampled(intake), taken };
}

const limits = { bodyBytes: 8 << 20, inflightBytes: 64 << 20 };

/** Verdict is the status that a request would be answered with, and the error behind it. */
export interface Verdict {
  readonly status: number;
  readonly error?: Error;
}

/** fire sends a shot through everything between the socket and the log. */
export async function fire(target: FuzzTarget, { kind, encoding, body }: FuzzShot): Promise<Verdict> {
  const intake = body.length % 2 === 0 ? target.intake : target.sampling;
  try {
    const raw = { bytes: body, wireBytes: body.length, release: () => undefined };
    const { bytes } = await decompress(raw, encoding, limits);
    const { pathname, searchParams } = new URL(kind.path, "http://localhost");
    const foreign = foreignAt(pathname);
    if (foreign !== undefined) {
      const { otlp } = translate(foreign, bytes, kind.type, limits.bodyBytes, searchParams);
      await intake.accept(foreign.signal, otlp);
      return { status: foreign.success };
    }
    const isFused = kind.path === "/v1/fused";
    const signal = otlpSignals.find(({ path }) => kind.path === path)?.signal ?? "traces";
    await intake.accept(signal, kind.form === "json" ? otlpJsonToBytes(signal, bytes) : bytes, isFused);
    return { status: 200 };
  } catch (thrown) {
    const { error } = refusalOf(thrown);
    return { status: error.status, error: error.cause instanceof Error ? error.cause : error };
  }
}
