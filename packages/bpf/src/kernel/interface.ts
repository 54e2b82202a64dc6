import { BpfError } from "../errors.js";
import { Errno } from "./errno.js";
import { failure } from "./failure.js";
import { openSocket } from "./socket.js";
import { addressOf, syscall } from "./syscall.js";

// include/uapi/linux/sockios.h, if.h
const SIOCGIFINDEX = 0x8933;
const IFNAMSIZ = 16;
const IFREQ_BYTES = 40;
const AF_INET = 2;
const SOCK_DGRAM = 2;

/**
 * interfaceIndex gives the number of a network interface by its name in the network namespace this thread is
 * in; a number passes through. Throws BpfError `not-found`, `bad-argument` for what can be no name.
 */
export function interfaceIndex(nameOrIndex: string | number): number {
  if (typeof nameOrIndex === "number") {
    if (Number.isInteger(nameOrIndex) && nameOrIndex > 0) return nameOrIndex;
    throw new BpfError("bad-argument", `${nameOrIndex} is no number of a network interface`);
  }
  const name = new TextEncoder().encode(nameOrIndex);
  if (name.length === 0 || name.length >= IFNAMSIZ || /[/\s]/.test(nameOrIndex)) {
    throw new BpfError("bad-argument", `"${nameOrIndex}" is no name of a network interface`, {
      hint: "names have 1 to 15 bytes, without spaces and slashes",
    });
  }
  const request = new Uint8Array(IFREQ_BYTES);
  request.set(name);
  using socket = openSocket(AF_INET, SOCK_DGRAM, 0, "socket");
  const result = syscall("ioctl", socket.number, SIOCGIFINDEX, addressOf(request));
  if (result < 0) {
    throw failure(-result, {
      call: "SIOCGIFINDEX",
      tried: `find network interface "${nameOrIndex}"`,
      ...(result === -Errno.ENODEV && {
        code: "not-found",
        hint: "ls /sys/class/net lists those there are; one in another network namespace is found by inNetworkNamespace()",
      }),
    });
  }
  return new DataView(request.buffer).getInt32(IFNAMSIZ, true);
}
