// A socket filter: what one socket gets to see, and how much of it. Here: a UDP socket that only hears even first bytes.

import { createSocket } from "node:dgram";
import { attachSocketFilter, u32Bytes } from "@go3s/bpf";
import { ownNetwork, pause } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package even

import (
	"bpf"
	"bpf/helpers"
)

var seen = bpf.Array[uint64](2)

// @socket
func onlyEven(ctx *bpf.SKB) int {
	var first uint8
	// Behind the 8 bytes of the UDP header.
	helpers.SkbLoadBytes(ctx, 8, &first, 1)
	if first&1 == 1 {
		seen.Increment(1)
		return 0
	}
	seen.Increment(0)
	return int(ctx.len)
}
`;

/** Node knows the descriptor of a socket and shows it to nobody but debuggers. */
function descriptorOf(socket: object): number {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const fd = Reflect.get(Object(Reflect.get(Object(Reflect.get(socket, symbol)), "handle")), "fd");
    if (typeof fd === "number") return fd;
  }
  throw new Error("this version of Node keeps its sockets elsewhere");
}

ownNetwork();
const heard: number[] = [];
const receiver = createSocket("udp4", (message) => heard.push(message[0] ?? 0));
await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
using object = loadProbe(probe);
using link = attachSocketFilter(object.program("onlyEven"), { fd: descriptorOf(receiver) });
console.log(`attached to ${link.target.replace(/\d+/, "N")}`);

const sender = createSocket("udp4");
for (const byte of [1, 2, 3, 4, 5, 6]) {
  const { port } = receiver.address();
  await new Promise<void>((resolve) => sender.send(Uint8Array.of(byte), port, "127.0.0.1", () => resolve()));
}
for (let turn = 0; turn < 100 && heard.length < 3; turn++) await pause(10);
const count = (index: number): number => numberOf(object.map("seen").lookup(u32Bytes(index)));
console.log(`heard ${heard.join(", ")}; let through ${count(0)}, dropped ${count(1)}`);
sender.close();
receiver.close();
