import type { LogWriter, SpanWriter } from "@go3s/telemetry";
import type { Exporter, Signal } from "./exporter.js";

type Writer = SpanWriter | LogWriter;

/** Batch is the open request of one resource. */
export interface Batch<W extends Writer> {
  readonly resource: Uint8Array;
  readonly writer: W;
}

/** Batches collects records per resource and sends them as one request. */
export interface Batches<W extends Writer> {
  /** writerFor gives the writer of a resource with its scope open; write one record, then call added(). */
  writerFor(resource: Uint8Array): W;
  /** added counts the record just written; a large batch is sent at once. */
  added(): void;
  /** flush sends what is there. */
  flush(): void;
}

// A request of this size is sent without waiting for the timer: large enough to be cheap, small enough for any receiver, and for our
// memory: after a stall, writers of 4 MiB each were kept, 45 MB in all.
const requestBytes = 1 << 20;
// A batch of this size goes out in its own memory; smaller ones are joined by copying.
const handOverBytes = 256 << 10;
const spareWriters = 2;
// Writers of resources that were silent for this many flushes, ten seconds, are given up with their memory: processes come and go.
const idleFlushes = 30;

/**
 * newBatches makes batches for one signal. A request holds the ResourceSpans of several processes: protobuf's repeated
 * fields may simply follow each other, so requests of single resources are joined by putting them end to end.
 */
export function newBatches<W extends Writer>(
  signal: Signal,
  makeWriter: () => W,
  scope: Uint8Array,
  exporter: Exporter,
): Batches<W> {
  const open = new Map<Uint8Array, { writer: W; idle: number }>();
  let current: W | undefined;
  let waiting = 0;

  // Writers that come back from the exporter: their buffers are large, and making them anew kept the collector busy.
  const spare: W[] = [];

  /** handOver sends a batch in its writer's own memory and gives the batch another writer. */
  const handOver = (batch: { writer: W }): void => {
    const { writer } = batch;
    batch.writer = spare.pop() ?? makeWriter();
    exporter.send(signal, writer.finish(), writer.count, () => {
      writer.reset();
      if (spare.length < spareWriters) spare.push(writer);
    });
  };

  const flush = (): void => {
    const parts: Uint8Array[] = [];
    const sent: W[] = [];
    let items = 0;
    waiting = 0;
    for (const [resource, batch] of open) {
      if (batch.writer.count === 0) {
        if (++batch.idle > idleFlushes) open.delete(resource);
        continue;
      }
      batch.idle = 0;
      if (batch.writer.byteLength >= handOverBytes) {
        handOver(batch);
        continue;
      }
      items += batch.writer.count;
      parts.push(batch.writer.finish());
      sent.push(batch.writer);
    }
    if (items === 0) return;
    // concat copies, so the writers' memory is free again.
    exporter.send(signal, Buffer.concat(parts), items);
    for (const writer of sent) writer.reset();
  };

  return {
    writerFor(resource) {
      let batch = open.get(resource);
      if (batch === undefined) {
        batch = { writer: makeWriter(), idle: 0 };
        open.set(resource, batch);
      }
      if (batch.writer.count === 0 && batch.writer.byteLength === 0) {
        batch.writer.beginResource(resource);
        batch.writer.beginScope(scope);
      }
      current = batch.writer;
      waiting -= current.byteLength;
      return current;
    },
    added() {
      if (current === undefined) return;
      waiting += current.byteLength;
      if (waiting >= requestBytes) flush();
    },
    flush,
  };
}
