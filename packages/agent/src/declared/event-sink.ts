/** EventSink takes the records of a buffer in place; the memory is only there until it returns. */
export interface EventSink {
  take(view: DataView, at: number): void;
}
