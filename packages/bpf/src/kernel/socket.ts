import { failure } from "./failure.js";
import { Descriptor } from "./fd.js";
import { addressOf, syscall } from "./syscall.js";

// include/linux/socket.h, asm-generic/socket.h (the same on x86-64 and arm64).
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;

/** SocketOption holds the options of SOL_SOCKET that attach programs. Source: asm-generic/socket.h. */
export const SocketOption = {
  SO_DETACH_BPF: 27,
  SO_ATTACH_BPF: 50,
  SO_ATTACH_REUSEPORT_EBPF: 52,
  SO_COOKIE: 57,
  SO_DETACH_REUSEPORT_BPF: 68,
} as const;

/** openSocket makes a socket. Throws BpfError. */
export function openSocket(family: number, type: number, protocol: number, what: string): Descriptor {
  const fd = syscall("socket", family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0)
    throw failure(-fd, { call: "socket", tried: `open a ${what}`, capabilities: ["CAP_NET_ADMIN"] });
  return new Descriptor(fd, what);
}

/** setSocketOption sets an option of SOL_SOCKET (or of another level) to a number; gives 0 or the negated errno. */
export function setSocketOption(fd: number, option: number, value: number, level = SOL_SOCKET): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return syscall("setsockopt", fd, level, option, addressOf(bytes), bytes.length);
}

/** socketCookie gives a socket's number, which no other socket ever has (4.12), undefined for what is no socket. */
export function socketCookie(fd: number): bigint | undefined {
  const value = new BigUint64Array(1);
  const length = Uint32Array.of(8);
  const option = SocketOption.SO_COOKIE;
  const result = syscall("getsockopt", fd, SOL_SOCKET, option, addressOf(value), addressOf(length));
  return result < 0 ? undefined : value[0];
}

/** sendBytes sends bytes to where the socket is connected, or to an address; gives the length or the negated errno. */
export function sendBytes(fd: number, bytes: Uint8Array, address?: Uint8Array): number {
  const to = address === undefined ? 0 : addressOf(address);
  return syscall("sendto", fd, addressOf(bytes), bytes.length, 0, to, address?.length ?? 0);
}

/** receiveBytes takes what is waiting into a buffer, without waiting; gives the length or the negated errno. */
export function receiveBytes(fd: number, buffer: Uint8Array): number {
  const MSG_DONTWAIT = 0x40;
  return syscall("recvfrom", fd, addressOf(buffer), buffer.length, MSG_DONTWAIT, 0, 0);
}
