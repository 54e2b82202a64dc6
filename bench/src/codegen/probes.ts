import { closeSync, fstatSync, openSync } from "node:fs";
import { connect } from "node:net";
import { httpPacket, packet6, synPacket } from "./packets.js";

/** Drive makes a probe's programs run: with packets or words by BPF_PROG_TEST_RUN, or attached while their events happen. */
export type Drive =
  | { readonly kind: "packets"; readonly packets: readonly Uint8Array[] }
  | { readonly kind: "words"; readonly words: readonly (readonly bigint[])[] }
  | { readonly kind: "events"; readonly make: () => void | Promise<void> }
  | { readonly kind: "none"; readonly why: string };

/** Probe is a pair NAME.c and NAME.go3s in this folder that do the same. */
export interface Probe {
  readonly name: string;
  readonly shows: string;
  readonly drive: Drive;
}

const packets = (...list: readonly Uint8Array[]): Drive => ({ kind: "packets", packets: list });
const words = (...list: readonly (readonly bigint[])[]): Drive => ({ kind: "words", words: list });
const events = (make: () => void | Promise<void>): Drive => ({ kind: "events", make });

/** Numbers of system calls as a busy service makes them: futex, epoll_wait, read, write, openat, close, sendto, mmap. */
const numbers = [202n, 232n, 0n, 1n, 257n, 3n, 44n, 9n, 435n, 334n];
const systemCalls = words(...numbers.map((number) => [0n, number]));

function times(count: number, make: () => void): () => void {
  return () => {
    for (let i = 0; i < count; i++) make();
  };
}

async function refusedConnections(): Promise<void> {
  for (let i = 0; i < 300; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: 1 });
      socket.once("error", () => resolve());
      socket.once("connect", () => {
        socket.destroy();
        resolve();
      });
    });
  }
}

const sleeps = async (): Promise<void> => {
  for (let i = 0; i < 400; i++) await new Promise((resolve) => setTimeout(resolve, 0));
};

/** probes are the pairs, typical programs of observability and networking. */
export const probes: readonly Probe[] = [
  { name: "block-io", shows: "request latency per device", drive: { kind: "none", why: "needs a disk" } },
  { name: "callback", shows: "bpf_loop over an array", drive: systemCalls },
  { name: "cgroup-bytes", shows: "packets and bytes per protocol", drive: packets(synPacket.subarray(14)) },
  { name: "checksum", shows: "IPv4 header checksum, unrolled", drive: packets(synPacket) },
  { name: "comm-filter", shows: "filter by process and name", drive: systemCalls },
  { name: "count-by-pid", shows: "count per process", drive: systemCalls },
  {
    name: "cpu-stats",
    shows: "least, most, average per CPU",
    drive: events(times(20_000, () => fstatSync(0))),
  },
  { name: "go-string", shows: "a Go string by uprobe", drive: { kind: "none", why: "needs a uprobe" } },
  {
    name: "http-method",
    shows: "compare the start of a payload",
    drive: packets(httpPacket("GET "), httpPacket("PATCH "), httpPacket("\x16\x03\x01")),
  },
  {
    name: "latency",
    shows: "entry, exit and a log2 histogram",
    drive: events(times(20_000, () => fstatSync(0))),
  },
  { name: "lpm-filter", shows: "longest prefix of an address", drive: packets(synPacket) },
  {
    name: "lru-flow",
    shows: "flow table, struct key and value",
    drive: packets(synPacket, httpPacket("GET ")),
  },
  {
    name: "open-events",
    shows: "file names to a ring buffer",
    drive: events(times(5_000, () => closeSync(openSync("/dev/null", "r")))),
  },
  { name: "parents", shows: "walk up task_struct by CO-RE", drive: systemCalls },
  { name: "runqueue", shows: "scheduler latency by BTF", drive: events(sleeps) },
  { name: "stack-key", shows: "stack ids as a key", drive: { kind: "none", why: "needs samples" } },
  { name: "string-copy", shows: "copy bytes in a loop", drive: packets(httpPacket("GET ")) },
  { name: "syscall-class", shows: "a switch with 39 cases", drive: systemCalls },
  { name: "tc-bucket", shows: "token bucket per mark", drive: packets(synPacket) },
  { name: "tcp-state", shows: "TCP state changes, ten fields", drive: events(refusedConnections) },
  { name: "xdp-balance", shows: "jhash and a backend's MAC", drive: packets(synPacket) },
  { name: "xdp-ports", shows: "VLAN, IPv4, IPv6, TCP, UDP, port", drive: packets(synPacket, packet6) },
  { name: "xdp-syn", shows: "count SYNs", drive: packets(synPacket, httpPacket("GET ")) },
];
