// TC: programs for packets that come in or go out, in a list of which each may decide or ask the next. Here: bytes by direction.
import { attachTc, u32Bytes } from "@go3s/bpf";
import { ownNetwork, sendDatagrams } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package traffic

import "bpf"

var bytes = bpf.Array[uint64](2)

// @tc
func incoming(ctx *bpf.SKB) int {
	bytes.Add(0, uint64(ctx.len))
	return -1
}

// @tc
func outgoing(ctx *bpf.SKB) int {
	bytes.Add(1, uint64(ctx.len))
	return -1
}
`;

ownNetwork();
using object = loadProbe(probe);
// -1 (TCX_NEXT) leaves the decision to the programs behind it, so that counting changes nothing.
using ingress = attachTc(object.program("incoming"), { interface: "lo", direction: "ingress" });
using egress = attachTc(object.program("outgoing"), { interface: "lo", direction: "egress" });
console.log(`attached to ${ingress.target} and ${egress.target}`);
const arrived = await sendDatagrams([9998, 9998, 9998]);
const count = (index: number): number => numberOf(object.map("bytes").lookup(u32Bytes(index)));
console.log(`${arrived} packets arrived; ${count(0)} bytes came in, ${count(1)} went out`);
