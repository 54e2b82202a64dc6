/** bytes of hexadecimal text with spaces. */
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

const ethernet = "02 00 00 00 00 02 02 00 00 00 00 01";
const ipv4 = "45 00 00 3c 1c 46 40 00 40 06 9c 9b 0a 00 00 01 0a 00 00 02";
const ports = "b1 c2 00 50";
const rest = (flags: string): string => `00 00 00 01 00 00 00 00 50 ${flags} 72 10 00 00 00 00`;

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length).fill(0x61);
  out.set(bytes);
  return out;
}

/** synPacket is a TCP SYN over IPv4. */
export const synPacket = padded(hex(`${ethernet} 08 00 ${ipv4} ${ports} ${rest("02")}`), 96);

/** httpPacket is a TCP segment over IPv4 whose payload begins with a text. */
export function httpPacket(text: string): Uint8Array {
  const head = hex(`${ethernet} 08 00 ${ipv4} ${ports} ${rest("18")}`);
  return padded(Buffer.concat([head, Buffer.from(text, "latin1")]), 96);
}

const address6 = "fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01";

/** packet6 is UDP over IPv6 in a VLAN. */
export const packet6 = padded(
  hex(
    `${ethernet} 81 00 00 64 86 dd 60 00 00 00 00 10 11 40 ${address6} ${address6} 00 35 82 35 00 10 00 00`,
  ),
  96,
);
