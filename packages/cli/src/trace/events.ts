import { Btf, type LoadedObject, RingBufferReader } from "@go3s/bpf";
import type { RingEvents } from "@go3s/lang";
import { readBtfValue } from "./btf-value.js";
import type { Printer } from "./print.js";

/** EventReaders reads all ring buffers of an object. */
export interface EventReaders {
  start(): void;
  drain(): void;
  close(): void;
}

/** readEvents gives every event of an object's ring buffers to the printer. */
export function readEvents(
  object: LoadedObject,
  rings: readonly RingEvents[],
  printer: Printer,
): EventReaders {
  const { btf: bytes } = object.spec;
  const btf = bytes === undefined ? undefined : new Btf(bytes);
  const readers = rings.map(({ map, type }) => {
    const id = btf?.find(type).find((each) => btf.type(each).kind === "struct");
    return new RingBufferReader(object.map(map), (memory, offset, length) => {
      const record = memory.bytes.subarray(offset, offset + length);
      printer.event(
        type,
        btf === undefined || id === undefined
          ? Buffer.from(record).toString("hex")
          : readBtfValue(btf, id, record),
      );
    });
  });
  return {
    start: () => {
      for (const reader of readers) reader.start();
    },
    drain: () => {
      for (const reader of readers) reader.drain();
    },
    close: () => {
      for (const reader of readers) reader.close();
    },
  };
}
