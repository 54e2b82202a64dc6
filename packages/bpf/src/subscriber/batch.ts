import type { RingMemory } from "../ringbuf/reader.js";
import type { Chunk, RecordVisitor } from "./queue.js";

/** Movable is a view that can be put on a record: what eventView() makes. */
export interface Movable {
  at(memory: RingMemory, offset: number, length: number): unknown;
}

/**
 * EventBatch is what came since the batch before. It is there until the next one is asked for: the memory is
 * used again. Nothing is made per record.
 */
export class EventBatch {
  /** Records in this batch. */
  readonly count: number;
  /** Records that were dropped since the batch before, as far as the kernel and the program tell. */
  readonly dropped: number;
  readonly #chunk: Chunk;

  constructor(chunk: Chunk, dropped: number) {
    this.#chunk = chunk;
    this.count = chunk.count;
    this.dropped = dropped;
  }

  /** forEach gives each record's place to the visitor: the fast form. */
  forEach(visitor: RecordVisitor): void {
    this.#chunk.visit(visitor);
  }

  /**
   * views moves one view from record to record and gives it each time: `for (const event of
   * batch.views(eventView(btf, "event")))`. What is to be kept is copied, with toObject() for example.
   */
  *views<V extends Movable>(view: V): Generator<V, void> {
    for (const { offset, length } of this.#chunk.places()) {
      view.at(this.#chunk.memory, offset, length);
      yield view;
    }
  }
}
