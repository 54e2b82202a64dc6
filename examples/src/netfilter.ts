// netfilter: a program beside iptables and nftables, where they look at packets (6.4). Here: large packets are dropped.

import { createSocket } from "node:dgram";
import {
  AttachType,
  attachNetfilter,
  exit,
  jumpIfImm,
  kernelBtf,
  load,
  loadProgram,
  movImm,
  ProgramType,
  R0,
  R1,
  R2,
  withLabel,
} from "@go3s/bpf";
import { ownNetwork, pause } from "./support/network.js";

/** placeOf gives a field's offset in bytes, as the running kernel's own types have it. */
function placeOf(struct: string, field: string): number {
  const kernel = kernelBtf();
  for (const id of kernel.find(struct)) {
    const type = kernel.type(id);
    const member = type.kind === "struct" ? type.members.find(({ name }) => name === field) : undefined;
    if (member !== undefined) return member.bitOffset / 8;
  }
  throw new Error(`struct ${struct} has no field ${field}`);
}

ownNetwork();
using program = loadProgram({
  name: "small_only",
  type: ProgramType.BPF_PROG_TYPE_NETFILTER,
  attachType: AttachType.BPF_NETFILTER,
  license: "GPL",
  instructions: [
    load(8, R1, R1, placeOf("bpf_nf_ctx", "skb")),
    load(4, R2, R1, placeOf("sk_buff", "len")),
    movImm(R0, 1), // NF_ACCEPT
    jumpIfImm("le", R2, 200, "out"),
    movImm(R0, 0), // NF_DROP
    withLabel("out", exit()),
  ],
});
using link = attachNetfilter(program, { family: "ipv4", hook: "input", priority: -10 });
console.log(`attached to ${link.target}`);

const lengths: number[] = [];
const receiver = createSocket("udp4", (message) => lengths.push(message.length));
await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
const sender = createSocket("udp4");
const { port } = receiver.address();
for (const length of [10, 1000, 100, 500, 20])
  await new Promise<void>((resolve) => sender.send(Buffer.alloc(length), port, "127.0.0.1", () => resolve()));
for (let turn = 0; turn < 100 && lengths.length < 3; turn++) await pause(10);
console.log(`arrived: ${lengths.join(", ")} bytes`);
sender.close();
receiver.close();
