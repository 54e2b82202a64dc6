// struct_ops: functions that the kernel calls in place of its own. Here: a congestion control for TCP, compiled by clang.
import { readFileSync, writeFileSync } from "node:fs";
import { attachStructOps, loadObject, readObject } from "@go3s/bpf";
import { compileC } from "./support/clang.js";
import { askServer, ownNetwork, startServer } from "./support/network.js";

const SETTINGS = "/proc/sys/net/ipv4";
const name = `go3s_${process.pid}`;
const source = `
#define SEC(n) __attribute__((section(n), used))
typedef unsigned int u32; typedef unsigned long long u64;
struct sock {};
struct tcp_congestion_ops {
  u32 (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
  void (*init)(struct sock *sk);
  u32 (*undo_cwnd)(struct sock *sk);
  u32 flags;
  char name[16];
};
u64 connections = 0;
SEC("struct_ops") u32 ssthresh(u64 *ctx) { return 2; }
SEC("struct_ops") void cong_avoid(u64 *ctx) {}
SEC("struct_ops") void begin(u64 *ctx) { __sync_fetch_and_add(&connections, 1); }
SEC("struct_ops") u32 undo_cwnd(u64 *ctx) { return 2; }
SEC(".struct_ops.link") struct tcp_congestion_ops slow = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .init = (void *)begin,
  .undo_cwnd = (void *)undo_cwnd, .flags = 1 /* TCP_CONG_NON_RESTRICTED */, .name = "${name}",
};
char LICENSE[] SEC("license") = "GPL";
`;

ownNetwork();
using object = loadObject(readObject(compileC(source)));
const table = object.structOps.get("slow");
if (table === undefined) throw new Error("the object has no such table");
using link = attachStructOps(table);
const known = readFileSync(`${SETTINGS}/tcp_available_congestion_control`, "utf8").includes(name);
console.log(
  `a ${link.info().kind} link; ${known ? "the kernel knows it now" : "the kernel does not know it"}`,
);

writeFileSync(`${SETTINGS}/tcp_congestion_control`, name);
const { port, server } = await startServer("hello");
console.log(`a connection says ${await askServer(port)}`);
server.close();
const used = Number(object.variable("connections").getBigUint64(0, true));
console.log(`${used > 0 ? "it was asked" : "it was never asked"}`);
