import { closeSync, openSync, writeSync } from "node:fs";

/** PacketFiles are the files that skboutput() writes; each is made when its first packet comes. */
export interface PacketFiles {
  /** write adds a packet: when it was seen (nanoseconds since 1970), its bytes, and how long it was. */
  write(file: string, time: bigint, bytes: Uint8Array, length: number): void;
  close(): void;
}

// The header of a capture file (draft-ietf-opsawg-pcap): with times in nanoseconds, of Ethernet frames.
const magicNanoseconds = 0xa1b23c4d;
const linkEthernet = 1;
const snapLength = 65_535;

function header(): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magicNanoseconds, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapLength, true);
  view.setUint32(20, linkEthernet, true);
  return bytes;
}

/** openPacketFiles opens nothing yet. */
export function openPacketFiles(): PacketFiles {
  const files = new Map<string, number>();
  const of = (name: string): number => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const file = openSync(name, "w");
    writeSync(file, header());
    files.set(name, file);
    return file;
  };
  return {
    write(name, time, bytes, length) {
      const record = new Uint8Array(16 + bytes.length);
      const view = new DataView(record.buffer);
      view.setUint32(0, Number(time / 1_000_000_000n), true);
      view.setUint32(4, Number(time % 1_000_000_000n), true);
      view.setUint32(8, bytes.length, true);
      view.setUint32(12, length, true);
      record.set(bytes, 16);
      writeSync(of(name), record);
    },
    close() {
      for (const file of files.values()) closeSync(file);
      files.clear();
    },
  };
}
