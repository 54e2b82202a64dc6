import { aluImm, movReg } from "../asm/arithmetic.js";
import { jumpIfImm, jumpIfReg } from "../asm/flow.js";
import { type Instruction, R1, R2, R3, R4, R5 } from "../asm/instruction.js";
import { load } from "../asm/memory.js";
import { interfaceIndex } from "../kernel/interface.js";
import { leaveNetworkNamespace } from "../kernel/namespace.js";
import { NetlinkFlag, RouteSocket } from "../kernel/netlink.js";
import { encodeAttributes, type NetlinkAttribute } from "../kernel/netlink-message.js";
import { openSocket, sendBytes } from "../kernel/socket.js";

// include/uapi/linux/rtnetlink.h, if_link.h, veth.h, if.h, if_packet.h
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const AF_PACKET = 17;
const SOCK_RAW = 3;

function ifinfomsg(index: number, isUp: boolean): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, isUp ? IFF_UP : 0, true);
  view.setUint32(12, isUp ? IFF_UP : 0, true);
  return bytes;
}

function newLink(head: Uint8Array, attributes: readonly NetlinkAttribute[], flags: number): void {
  using socket = new RouteSocket();
  const payload = Buffer.concat([head, encodeAttributes(attributes)]);
  socket.request(RTM_NEWLINK, flags, payload, { call: "RTM_NEWLINK", tried: "set up a network interface" });
}

/** enterOwnNetwork moves this process, for good, into a network namespace of its own whose loopback is up. */
export function enterOwnNetwork(): void {
  leaveNetworkNamespace();
  newLink(ifinfomsg(1, true), [], 0);
}

/** createVeth makes a pair of interfaces, both up: what goes out of one comes in at the other. */
export function createVeth(name: string, peer: string): void {
  const peerInfo = Buffer.concat([ifinfomsg(0, false), encodeAttributes([[IFLA_IFNAME, peer]])]);
  const attributes: NetlinkAttribute[] = [
    [IFLA_IFNAME, name],
    [
      IFLA_LINKINFO,
      [
        [IFLA_INFO_KIND, "veth"],
        [IFLA_INFO_DATA, [[VETH_INFO_PEER, peerInfo]]],
      ],
    ],
  ];
  newLink(ifinfomsg(0, false), attributes, NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_EXCL);
  for (const one of [name, peer]) newLink(ifinfomsg(interfaceIndex(one), true), [], 0);
}

/** removeInterface takes an interface away, and the other end of its pair. */
export function removeInterface(name: string): void {
  using socket = new RouteSocket();
  const payload = ifinfomsg(interfaceIndex(name), false);
  socket.request(RTM_DELLINK, 0, payload, { call: "RTM_DELLINK", tried: `take away ${name}` });
}

// An EtherType kept for experiments, IEEE 802: frames that only these tests send. As a program loads it.
const ETHER_TYPE = [0x88, 0xb5];
const LOADED_ETHER_TYPE = 0xb588;

/** ourFramesInXdp lets an XDP program jump to "out" for what sendFrames has not sent (IPv6 talks by itself). */
export const ourFramesInXdp: readonly Instruction[] = [
  load(4, R2, R1, 0),
  load(4, R3, R1, 4),
  movReg(R4, R2),
  aluImm("add", R4, 14),
  jumpIfReg("gt", R4, R3, "out"),
  load(2, R5, R2, 12),
  jumpIfImm("ne", R5, LOADED_ETHER_TYPE, "out"),
];

/** ourFramesInSkb is the same for programs whose context is a __sk_buff. */
export const ourFramesInSkb: readonly Instruction[] = [
  load(4, R2, R1, 16),
  jumpIfImm("ne", R2, LOADED_ETHER_TYPE, "out"),
];

/** sendFrames puts Ethernet frames of a protocol nobody speaks on an interface. */
export function sendFrames(index: number, count: number): void {
  using socket = openSocket(AF_PACKET, SOCK_RAW, 0, "packet socket");
  const frame = new Uint8Array(64);
  frame.fill(0xff, 0, 6);
  frame.set(ETHER_TYPE, 12);
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setInt32(4, index, true);
  for (let sent = 0; sent < count; sent++) {
    const result = sendBytes(socket.number, frame, address);
    // ENOBUFS: a program dropped it on its way out.
    if (result < 0 && result !== -105) throw new Error(`sending a frame gives ${result}`);
  }
}
