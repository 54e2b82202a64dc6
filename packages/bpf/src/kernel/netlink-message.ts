/** NetlinkAttribute is an attribute of a message: its type and its bytes, text or number (u32), or nested ones. */
export type NetlinkAttribute = readonly [
  type: number,
  value: number | string | Uint8Array | readonly NetlinkAttribute[],
];

// include/uapi/linux/netlink.h
export const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
const NLA_F_NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

function aligned(length: number): number {
  return (length + 3) & ~3;
}

function valueBytes(value: NetlinkAttribute[1]): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  if (typeof value !== "number") return encodeAttributes(value);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}

/** encodeAttributes writes attributes one after the other, each padded to four bytes. */
export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array {
  const parts = attributes.map(([type, value]) => {
    const content = valueBytes(value);
    const part = new Uint8Array(aligned(ATTRIBUTE_HEADER_BYTES + content.length));
    const view = new DataView(part.buffer);
    view.setUint16(0, ATTRIBUTE_HEADER_BYTES + content.length, true);
    view.setUint16(2, type | (Array.isArray(value) ? NLA_F_NESTED : 0), true);
    part.set(content, ATTRIBUTE_HEADER_BYTES);
    return part;
  });
  return Buffer.concat(parts);
}

/** readAttributes gives the attributes in bytes by type, the last of each; what is cut off is left out. */
export function readAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, Uint8Array>();
  for (let at = 0; at + ATTRIBUTE_HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) break;
    found.set(
      view.getUint16(at + 2, true) & TYPE_MASK,
      bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length),
    );
    at += aligned(length);
  }
  return found;
}

/** NetlinkMessage is a message of an answer, without its header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** encodeMessage writes a message with its header. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + aligned(message.payload.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, HEADER_BYTES + message.payload.length, true);
  view.setUint16(4, message.type, true);
  view.setUint16(6, message.flags, true);
  view.setUint32(8, message.sequence, true);
  bytes.set(message.payload, HEADER_BYTES);
  return bytes;
}

/** readMessages splits a datagram into its messages; what is cut off is left out. */
export function readMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: NetlinkMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || at + length > bytes.length) break;
    found.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + HEADER_BYTES, at + length),
    });
    at += aligned(length);
  }
  return found;
}
