// cgroup/connect4: a program that may change where a process connects to. Here: port 7 leads to our server, made of instructions.
import {
  AttachType,
  attachCgroup,
  exit,
  jumpIfImm,
  load,
  loadProgram,
  movImm,
  ProgramType,
  R0,
  R1,
  R2,
  storeImm,
  withLabel,
} from "@go3s/bpf";
import { ownCgroup } from "./support/cgroup.js";
import { askServer, ownNetwork, startServer } from "./support/network.js";

/** USER_PORT is the place of user_port in struct bpf_sock_addr, include/uapi/linux/bpf.h. */
const USER_PORT = 24;

const networkOrder = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

ownNetwork();
using group = ownCgroup();
const { port, server } = await startServer("hello from our server");

// Instructions are values, so a program can be made for what is only known now: the server's port.
using program = loadProgram({
  name: "redirect",
  type: ProgramType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  attachType: AttachType.BPF_CGROUP_INET4_CONNECT,
  license: "GPL",
  instructions: [
    load(4, R2, R1, USER_PORT),
    jumpIfImm("ne", R2, networkOrder(7), "allow"),
    storeImm(4, R1, USER_PORT, networkOrder(port)),
    withLabel("allow", movImm(R0, 1)),
    exit(),
  ],
});
console.log(`before: ${await askServer(7)}`);
{
  using link = attachCgroup(program, { path: group.path, hook: "connect4" });
  console.log(`with the ${link.info().kind} link: ${await askServer(7)}`);
}
console.log(`after: ${await askServer(7)}`);
server.close();
