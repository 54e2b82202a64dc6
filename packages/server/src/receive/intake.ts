import { type Store, StoreError } from "@go3s/store";
import { FUSED, TelemetryError, WireReader } from "@go3s/telemetry";
import { ServerError } from "../errors.js";
import { fromStore } from "../store-errors.js";
import type { Intake } from "./receiver.js";
import type { Accepted } from "./status.js";

type Block = Parameters<Store["append"]>[0][number];

/** Decoded is what became of one request in one block. */
interface Decoded {
  readonly rows: number;
  readonly rejected: ReadonlyMap<string, number>;
}

/** Decoder collects requests of one signal into one block; the store's ingest classes are such. */
export interface Decoder {
  append(request: Uint8Array, options?: { readonly fused?: boolean }): Decoded;
  /** undo takes the request that was appended last out of the block again. */
  undo(appended: Decoded): void;
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
      const parts = fused
        ? decodeFused(decoders, body)
        : [{ signal, decoded: decode(decoders[signal], body, false) }];
      const rows = parts.reduce((sum, { decoded }) => sum + decoded.rows, 0);
      if (rows > 0) {
        batch.rows += rows;
        batch.bytes += body.length;
        const done = new Promise<void>((resolve, reject) => batch.waiting.push({ resolve, reject }));
        if (batch.rows >= batchRows || batch.bytes >= batchBytes) void commit();
        else schedule();
        await done;
      }
      return acceptedOf(parts);
    },
    idle: () =>
      commits === 0 && batch.waiting.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => idlers.push(resolve)),
  };
}

/** Part is what a request brought of one signal. */
interface Part {
  readonly signal: Block["signal"];
  readonly decoded: Decoded;
}

/** decodeFused decodes all signals of a fused request, or none: what was appended before a mistake is taken out again. */
function decodeFused(decoders: Decoders, body: Uint8Array): Part[] {
  const parts: Part[] = [];
  try {
    for (const signal of signalsIn(body))
      parts.push({ signal, decoded: decode(decoders[signal], body, true) });
  } catch (error) {
    for (const { signal, decoded } of parts) decoders[signal].undo(decoded);
    throw error;
  }
  return parts;
}

/** signalsIn tells which signals a fused request has; of one that cannot be read the spans' decoder tells why. */
function signalsIn(body: Uint8Array): Block["signal"][] {
  const found = new Set<number>();
  try {
    const reader = new WireReader(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      found.add(field);
      reader.skip();
    }
  } catch {
    return ["traces"];
  }
  return fusedOrder.filter((signal) => signal === "traces" || found.has(FUSED.SIGNAL[signal]));
}

const fusedOrder = ["traces", "logs", "metrics"] as const;

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

/** acceptedOf sums up what became of a request. */
function acceptedOf(parts: readonly Part[]): Accepted {
  let rejected = 0;
  const reasons: string[] = [];
  for (const { decoded } of parts)
    for (const [reason, items] of decoded.rejected) {
      rejected += items;
      reasons.push(`${items} × ${reason}`);
    }
  const [first, ...others] = parts;
  return {
    rows: first?.decoded.rows ?? 0,
    rejected,
    message: rejected === 0 ? "" : `not taken: ${reasons.join(", ")}`,
    ...(others.length === 0
      ? {}
      : { others: others.map(({ signal, decoded }) => ({ signal, rows: decoded.rows })) }),
  };
}
