// sk_msg: what the sockets of a map are about to send. Here: messages are counted, and long ones refused.
import { once } from "node:events";
import { connect } from "node:net";
import {
  AttachType,
  aluImm,
  atomic,
  attachSockmap,
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
  R6,
  R10,
  storeImm,
  u32Bytes,
  withLabel,
} from "@go3s/bpf";
import { ownNetwork, startServer } from "./support/network.js";
import { numberOf } from "./support/probe.js";

/** SIZE is the place of size in struct sk_msg_md, include/uapi/linux/bpf.h. */
const SIZE = 68;
const LONGEST = 100;

ownNetwork();
const array = { type: MapType.BPF_MAP_TYPE_ARRAY, keySize: 4, maxEntries: 1 } as const;
using bytes = createMap({ ...array, name: "bytes", valueSize: 8 });
using sockets = createMap({ ...array, name: "sockets", type: MapType.BPF_MAP_TYPE_SOCKMAP, valueSize: 4 });
using program = loadProgram({
  name: "verdict",
  type: ProgramType.BPF_PROG_TYPE_SK_MSG,
  attachType: AttachType.BPF_SK_MSG_VERDICT,
  license: "GPL",
  instructions: [
    load(4, R6, R1, SIZE),
    jumpIfImm("gt", R6, LONGEST, "refuse"),
    storeImm(4, R10, -4, 0),
    loadMapFd(R1, bytes.fd),
    movReg(R2, R10),
    aluImm("add", R2, -4),
    callHelper(HelperFunction.map_lookup_elem),
    jumpIfImm("eq", R0, 0, "refuse"),
    atomic("add", 8, R0, 0, R6),
    movImm(R0, 1), // SK_PASS
    exit(),
    withLabel("refuse", movImm(R0, 0)), // SK_DROP
    exit(),
  ],
});
// The program first, then the sockets that it is for.
using link = attachSockmap(program, { map: sockets, hook: "msg_verdict" });
console.log(`attached to ${link.target}`);

const { port, server } = await startServer("hello");
const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
await once(socket, "connect");
socket.on("error", () => undefined); // what is refused is told to the write's callback
const fd: unknown = Reflect.get(Object(Reflect.get(socket, "_handle")), "fd");
if (typeof fd !== "number") throw new Error("this version of Node keeps its sockets elsewhere");
sockets.update(u32Bytes(0), u32Bytes(fd));

const send = (text: string): Promise<string> =>
  new Promise((resolve) => {
    socket.write(text, (error) => resolve(error ? Reflect.get(error, "code") : "sent"));
  });
console.log(`20 bytes: ${await send("x".repeat(20))}`);
console.log(`200 bytes: ${await send("x".repeat(200))}`);
console.log(`${numberOf(bytes.lookup(u32Bytes(0)))} bytes went through`);
socket.destroy();
server.close();
