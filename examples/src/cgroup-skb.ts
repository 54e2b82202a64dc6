// cgroup_skb: packets of the sockets of some processes, wherever they go. Here: a cgroup that may not send to one port.
import { attachCgroup, u32Bytes } from "@go3s/bpf";
import { ownCgroup } from "./support/cgroup.js";
import { ownNetwork, sendDatagrams } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package guard

import "bpf"

// Packets begin at the IP header here.
type IPv4 struct {
	Head         [9]byte
	Protocol     uint8
	Checksum     uint16
	From, To     [4]byte
	Source, Port uint16
}

var (
	refused = bpf.Array[uint64](1)
	closed  uint16 // @config
)

// @cgroup_skb
func guard(ctx *bpf.SKB) int {
	ip := bpf.Packet[IPv4](ctx, 0)
	if ip == nil || ip.Protocol != 17 || ip.Port != bpf.Htons(closed) {
		return 1
	}
	refused.Increment(0)
	return 0
}
`;

ownNetwork();
using group = ownCgroup();
using object = loadProbe(probe, { constants: { closed: 9999 } });
using link = attachCgroup(object.program("guard"), { path: group.path, hook: "ingress" });
console.log(`attached: ${link.info().kind} link`);
const arrived = await sendDatagrams([9998, 9999, 9998, 9999]);
console.log(`arrived ${arrived}, refused ${numberOf(object.map("refused").lookup(u32Bytes(0)))}`);
