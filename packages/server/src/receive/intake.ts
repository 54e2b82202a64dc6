import { type Store, StoreError } from "@go3s/store";
import { TelemetryError } from "@go3s/telemetry";
import { ServerError } from "../errors.js";
import { fromStore } from "../store-errors.js";
import type { Intake } from "./receiver.js";
import type { Accepted } from "./status.js";

type Block = Parameters<Store["append"]>[0][number];

/** Decoder collects requests of one signal into one block; the store's ingest classes are such. */
export interface Decoder {
  append(
    request: Uint8Array,
    options?: { readonly fused?: boolean },
  ): { readonly rows: number; readonly rejected: ReadonlyMap<string, number> };
  take(): Block | undefined;
  /** recycle takes the memory of a block back that is on disk. */
  recycle?(block: Block): void;
}

/** Decoders has one per signal. */
export type Decoders = Readonly<Record<Block["signal"], Decoder>>;

// Requests that arrive during a group commit share the next one's blocks, with one dictionary and one head. A block is closed early
// at this size, which is a few milliseconds of full load: larger ones only add to the time of the first request in them.
const batchRows = 100_000;
const batchBytes = 32 << 20;
// One commit syncs while the next is written.
const commitsAtOnce = 2;

interface Batch {
  readonly waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[];
  rows: number;
  bytes: number;
}

/** createIntake decodes requests into shared blocks and appends those to the store. */
export function createIntake(store: Pick<Store, "append">, decoders: Decoders): Intake {
  let batch: Batch = { waiting: [], rows: 0, bytes: 0 };
  let commits = 0;
  let scheduled = false;
  let idlers: (() => void)[] = [];

  const commit = async () => {
    const { waiting } = batch;
    batch = { waiting: [], rows: 0, bytes: 0 };
    commits++;
    try {
      const blocks = Object.values(decoders).flatMap((decoder) => decoder.take() ?? []);
      await store.append(blocks);
      for (const block of blocks) decoders[block.signal].recycle?.(block);
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      const told = fromStore(error);
      for (const { reject } of waiting) reject(told);
    }
    commits--;
    if (batch.waiting.length > 0) schedule();
    else if (commits === 0) {
      for (const resolve of idlers) resolve();
      idlers = [];
    }
  };
  const schedule = () => {
    if (scheduled || commits >= commitsAtOnce) return;
    scheduled = true;
    // After the sockets that are readable now: what they bring goes along.
    setImmediate(() => {
      scheduled = false;
      if (batch.waiting.length > 0) void commit();
    });
  };

  return {
    async accept(signal, body, fused = false) {
      const { rows, rejected } = decode(decoders[signal], body, fused);
      if (rows > 0) {
        batch.rows += rows;
        batch.bytes += body.length;
        const done = new Promise<void>((resolve, reject) => batch.waiting.push({ resolve, reject }));
        if (batch.rows >= batchRows || batch.bytes >= batchBytes) void commit();
        else schedule();
        await done;
      }
      return accepted(rows, rejected);
    },
    idle: () =>
      commits === 0 && batch.waiting.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => idlers.push(resolve)),
  };
}

function decode(decoder: Decoder, body: Uint8Array, fused: boolean): ReturnType<Decoder["append"]> {
  try {
    return decoder.append(body, { fused });
  } catch (error) {
    if (error instanceof TelemetryError) {
      throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
    }
    if (error instanceof StoreError) throw fromStore(error);
    throw error;
  }
}

function accepted(rows: number, rejected: ReadonlyMap<string, number>): Accepted {
  if (rejected.size === 0) return { rows, rejected: 0, message: "" };
  let sum = 0;
  const reasons: string[] = [];
  for (const [reason, items] of rejected) {
    sum += items;
    reasons.push(`${items} × ${reason}`);
  }
  return { rows, rejected: sum, message: `not taken: ${reasons.join(", ")}` };
}
