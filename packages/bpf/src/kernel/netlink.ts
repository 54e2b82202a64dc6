import type { BpfError } from "../errors.js";
import { Errno } from "./errno.js";
import { failure } from "./failure.js";
import type { Descriptor } from "./fd.js";
import { textOf } from "./info.js";
import {
  encodeMessage,
  HEADER_BYTES,
  type NetlinkMessage,
  readAttributes,
  readMessages,
} from "./netlink-message.js";
import { openSocket, receiveBytes, sendBytes, setSocketOption } from "./socket.js";

// include/linux/socket.h, include/uapi/linux/netlink.h
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const NLM_F_ACK = 4;

/** NetlinkFlag holds the flags of a request. Source: include/uapi/linux/netlink.h. */
export const NetlinkFlag = {
  NLM_F_REQUEST: 0x1,
  NLM_F_ECHO: 0x8,
  NLM_F_DUMP: 0x300,
  NLM_F_REPLACE: 0x100,
  NLM_F_EXCL: 0x200,
  NLM_F_CREATE: 0x400,
} as const;

/** A dump arrives in parts of at most 32 KiB (net/netlink/af_netlink.c). */
const RECEIVE_BYTES = 64 * 1024;
/** More parts than any answer has: an answer that never ends is broken. */
const MAX_PARTS = 10_000;

/** The kernel's own words about a refusal stand behind the header it echoes, with its payload unless capped. */
function kernelWords(message: NetlinkMessage): string | undefined {
  if ((message.flags & NLM_F_ACK_TLVS) === 0 || message.payload.length < 4 + HEADER_BYTES) return undefined;
  const view = new DataView(message.payload.buffer, message.payload.byteOffset, message.payload.byteLength);
  const echoed = (message.flags & NLM_F_CAPPED) === 0 ? view.getUint32(4, true) : HEADER_BYTES;
  const words = readAttributes(message.payload.subarray(4 + ((echoed + 3) & ~3))).get(NLMSGERR_ATTR_MSG);
  return words === undefined ? undefined : textOf(words);
}

/** RouteSocket talks rtnetlink with the network namespace in which it was opened, wherever the thread goes after. */
export class RouteSocket {
  readonly #fd: Descriptor;
  #sequence = 0;

  constructor() {
    this.#fd = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, "rtnetlink socket");
    // Refusals with a sentence are 4.12; older kernels say no to the option and give the errno alone.
    setSocketOption(this.#fd.number, NETLINK_EXT_ACK, 1, SOL_NETLINK);
  }

  /**
   * request sends a request and gives the messages of its answer. The kernel answers before the send returns,
   * so nothing waits here. Throws BpfError with the kernel's own words where it has some.
   */
  request(
    type: number,
    flags: number,
    payload: Uint8Array,
    names: { call: string; tried: string },
  ): NetlinkMessage[] {
    const sequence = ++this.#sequence;
    const all = flags | NetlinkFlag.NLM_F_REQUEST | NLM_F_ACK;
    const sent = sendBytes(this.#fd.number, encodeMessage({ type, flags: all, sequence, payload }));
    if (sent < 0) throw this.#failure(-sent, names, undefined);
    const found: NetlinkMessage[] = [];
    for (let part = 0; part < MAX_PARTS; part++) {
      const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
      const length = receiveBytes(this.#fd.number, buffer);
      if (length < 0) throw this.#failure(-length, names, "the answer did not come");
      for (const message of readMessages(buffer.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_DONE) return found;
        if (message.type !== NLMSG_ERROR) {
          found.push(message);
          continue;
        }
        const view = new DataView(
          message.payload.buffer,
          message.payload.byteOffset,
          message.payload.byteLength,
        );
        const errno = message.payload.length < 4 ? Errno.EIO : -view.getInt32(0, true);
        if (errno === 0) return found;
        throw this.#failure(errno, names, kernelWords(message));
      }
    }
    throw this.#failure(Errno.EIO, names, "the answer does not end");
  }

  close(): void {
    this.#fd.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #failure(errno: number, names: { call: string; tried: string }, words: string | undefined): BpfError {
    const error = failure(errno, { ...names, capabilities: ["CAP_NET_ADMIN"] });
    if (words !== undefined) error.message += `: ${words}`;
    return error;
  }
}
