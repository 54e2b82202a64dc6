import { BpfError } from "../errors.js";
import { failure } from "../kernel/failure.js";
import { SocketOption, setSocketOption, socketCookie } from "../kernel/socket.js";
import type { Attachable, Link } from "./link.js";
import { ownWayLink } from "./own-way.js";

/** SocketOptions say which socket. */
export interface SocketOptions {
  /** The socket's descriptor; it stays the caller's. */
  readonly fd: number;
}

interface SocketWay {
  readonly what: string;
  readonly attach: number;
  readonly attachName: string;
  readonly detach: number;
  readonly detachName: string;
}

const FILTER: SocketWay = {
  what: "filter",
  attach: SocketOption.SO_ATTACH_BPF,
  attachName: "SO_ATTACH_BPF",
  detach: SocketOption.SO_DETACH_BPF,
  detachName: "SO_DETACH_BPF",
};
const REUSEPORT: SocketWay = {
  what: "reuseport group",
  attach: SocketOption.SO_ATTACH_REUSEPORT_EBPF,
  attachName: "SO_ATTACH_REUSEPORT_EBPF",
  detach: SocketOption.SO_DETACH_REUSEPORT_BPF,
  detachName: "SO_DETACH_REUSEPORT_BPF",
};

function attach(program: Attachable, fd: number, way: SocketWay): Link {
  const cookie = socketCookie(fd);
  if (cookie === undefined) throw new BpfError("bad-argument", `descriptor ${fd} is not a socket`);
  const target = `the ${way.what} of socket ${fd}`;
  let name = program.name;
  const set = (one: Attachable): void => {
    // The number may be another socket's by now.
    if (socketCookie(fd) !== cookie) throw new BpfError("closed", `${target} was closed`);
    const result = setSocketOption(fd, way.attach, one.fd);
    if (result < 0) {
      const tried = `attach program "${one.name}" to ${target}`;
      throw failure(-result, { call: way.attachName, tried, capabilities: ["CAP_NET_ADMIN"] });
    }
    name = one.name;
  };
  set(program);
  return ownWayLink({
    kind: "socket",
    target,
    fds: () => [],
    replace(next, replaces) {
      if (replaces !== undefined) {
        throw new BpfError("not-supported", `${target} cannot be changed only if it is "${replaces.name}"`);
      }
      set(next);
    },
    remove() {
      if (socketCookie(fd) !== cookie) return;
      const result = setSocketOption(fd, way.detach, 0);
      if (result < 0)
        throw failure(-result, { call: way.detachName, tried: `detach program "${name}" from ${target}` });
    },
    info() {
      throw new BpfError("not-supported", `the kernel does not tell which program is ${target}`, {
        hint: "programs say how often they ran: Program.info() with enableStatistics()",
      });
    },
  });
}

/**
 * attachSocketFilter attaches a BPF_PROG_TYPE_SOCKET_FILTER program to a socket (3.19): what it returns is how
 * many bytes of a received packet are kept, 0 drops it. It goes with the socket. Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("socket") int some(struct __sk_buff *skb)
 *     using link = attachSocketFilter(object.program("some"), { fd: packetSocket });
 *     link.update(object.program("fewer"));
 */
export function attachSocketFilter(program: Attachable, options: SocketOptions): Link {
  return attach(program, options.fd, FILTER);
}

/**
 * attachReuseport attaches a BPF_PROG_TYPE_SK_REUSEPORT program (4.19; a socket filter 4.5) to the group of
 * sockets that share a port (SO_REUSEPORT): it chooses the one that gets a packet or a connection. It goes with
 * the last socket of the group; detaching is 5.3. Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("sk_reuseport") int choose(struct sk_reuseport_md *ctx)
 *     using link = attachReuseport(object.program("choose"), { fd: oneOfTheSockets });
 */
export function attachReuseport(program: Attachable, options: SocketOptions): Link {
  return attach(program, options.fd, REUSEPORT);
}
