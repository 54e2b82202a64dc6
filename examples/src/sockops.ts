// sockops: the life of TCP connections of some processes, and their settings. Here: connections counted by how they began.
import {
  AttachType,
  aluImm,
  atomic,
  attachCgroup,
  callHelper,
  createMap,
  exit,
  HelperFunction,
  jumpIfImm,
  load,
  loadMapFd,
  loadProgram,
  MapType,
  movImm,
  movReg,
  ProgramType,
  R0,
  R1,
  R2,
  R10,
  storeReg,
  u32Bytes,
  withLabel,
} from "@go3s/bpf";
import { ownCgroup } from "./support/cgroup.js";
import { askServer, ownNetwork, startServer } from "./support/network.js";
import { numberOf } from "./support/probe.js";

// BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB and its kin, include/uapi/linux/bpf.h.
const WE_CONNECTED = 4;
const THEY_CONNECTED = 5;

ownNetwork();
using group = ownCgroup();
using counts = createMap({
  name: "counts",
  type: MapType.BPF_MAP_TYPE_ARRAY,
  keySize: 4,
  valueSize: 8,
  maxEntries: 16,
});
using program = loadProgram({
  name: "connections",
  type: ProgramType.BPF_PROG_TYPE_SOCK_OPS,
  attachType: AttachType.BPF_CGROUP_SOCK_OPS,
  license: "GPL",
  instructions: [
    load(4, R2, R1, 0), // bpf_sock_ops.op
    storeReg(4, R10, -4, R2),
    loadMapFd(R1, counts.fd),
    movReg(R2, R10),
    aluImm("add", R2, -4),
    callHelper(HelperFunction.map_lookup_elem),
    jumpIfImm("eq", R0, 0, "out"),
    movImm(R1, 1),
    atomic("add", 8, R0, 0, R1),
    withLabel("out", movImm(R0, 1)),
    exit(),
  ],
});
using link = attachCgroup(program, { path: group.path, hook: "sock_ops" });
console.log(`attached: ${link.info().kind} link`);
const { port, server } = await startServer("hello");
for (let i = 0; i < 3; i++) await askServer(port);
server.close();
const count = (op: number): number => numberOf(counts.lookup(u32Bytes(op)));
console.log(`${count(WE_CONNECTED)} connections made, ${count(THEY_CONNECTED)} taken`);
