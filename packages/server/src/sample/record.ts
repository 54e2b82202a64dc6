/*
 * A record of spans that wait is a head and a request of those spans. The head has its own length first, so that a later
 * release may add to it; all numbers are little-endian:
 *
 *     u32 bytes of the head · u32 run · u32 number in that run · f64 when it was received, Unix milliseconds
 *
 * A record that says "void" has run and number only. docs/wal.md has both.
 */

/** HEAD_BYTES is the length of the head that this release writes. */
export const HEAD_BYTES = 20;

/** RecordId names one record: a run of the server, and a number in it. */
export interface RecordId {
  readonly run: number;
  readonly number: number;
}

/** WaitingRecord is a record taken apart. */
export interface WaitingRecord extends RecordId {
  readonly receivedMs: number;
  readonly body: Uint8Array;
}

/** encodeHead gives what stands before the spans. */
export function encodeHead({ run, number }: RecordId, receivedMs: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(HEAD_BYTES, 0);
  head.writeUInt32LE(run, 4);
  head.writeUInt32LE(number, 8);
  head.writeDoubleLE(receivedMs, 12);
  return head;
}

/** decodeRecord takes a record apart, or gives undefined for what is none. */
export function decodeRecord(bytes: Uint8Array): WaitingRecord | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length < HEAD_BYTES || length > bytes.length) return undefined;
  const [run, number] = [view.getUint32(4, true), view.getUint32(8, true)];
  return { run, number, receivedMs: view.getFloat64(12, true), body: bytes.subarray(length) };
}

/** encodeVoid gives the record that takes another back. */
export function encodeVoid({ run, number }: RecordId): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(run, 0);
  bytes.writeUInt32LE(number, 4);
  return bytes;
}

/** decodeVoid reads it; undefined for what is none. */
export function decodeVoid(bytes: Uint8Array): RecordId | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { run: view.getUint32(0, true), number: view.getUint32(4, true) };
}
