// XDP: a program that meets each packet before the network stack does. Here: UDP packets to one port are dropped.
import { attachXdp, u32Bytes } from "@go3s/bpf";
import { ownNetwork, sendDatagrams } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package drops

import "bpf"

type Ethernet struct {
	To, From [6]byte
	Kind     uint16
}

type IPv4 struct {
	Head          [9]byte
	Protocol      uint8
	Checksum      uint16
	From, To      [4]byte
	Source, Port  uint16
}

var (
	seen   = bpf.Array[uint64](2)
	closed uint16 // @config
)

// @xdp
func guard(ctx *bpf.XDP) int {
	ethernet := bpf.Packet[Ethernet](ctx, 0)
	if ethernet == nil || ethernet.Kind != bpf.Htons(0x0800) {
		return bpf.XDP_PASS
	}
	ip := bpf.Packet[IPv4](ctx, 14)
	if ip == nil || ip.Protocol != 17 {
		return bpf.XDP_PASS
	}
	if ip.Port == bpf.Htons(closed) {
		seen.Increment(1)
		return bpf.XDP_DROP
	}
	seen.Increment(0)
	return bpf.XDP_PASS
}
`;

ownNetwork();
using object = loadProbe(probe, { constants: { closed: 9999 } });
using link = attachXdp(object.program("guard"), { interface: "lo", mode: "generic" });
console.log(`attached to ${link.target}`);
const arrived = await sendDatagrams([9998, 9999, 9998, 9999, 9999]);
const count = (index: number): number => numberOf(object.map("seen").lookup(u32Bytes(index)));
console.log(`passed ${count(0)}, dropped ${count(1)}, arrived ${arrived}`);
