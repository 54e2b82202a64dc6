import assert from "node:assert/strict";
import { createServer, Socket } from "node:net";
import { test } from "node:test";
import { type Connection, peerUser } from "./peer-user.js";

const head =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (from: string, to: string, state: string, user: number): string =>
  `   1: ${from} ${to} ${state} 00000000:00000000 00:00000000 00000000  ${user}        0 29172 1 0000000000000000 20 4 30 10 -1\n`;

const own: Connection = {
  remoteAddress: "127.0.0.1",
  remotePort: 0xabcd,
  localAddress: "127.0.0.1",
  localPort: 7303,
};
const from = "0100007F:ABCD";
const to = "0100007F:1C87";
const mapped = "0000000000000000FFFF0000";

const tables: readonly {
  readonly name: string;
  readonly tcp: string;
  readonly tcp6?: string;
  readonly connection?: Connection;
  readonly want: number | undefined;
}[] = [
  { name: "the other end's own line", tcp: line(from, to, "01", 1000), want: 1000 },
  { name: "never our end of it", tcp: line(to, from, "01", 0), want: undefined },
  { name: "another connection", tcp: line("0100007F:ABCE", to, "01", 0), want: undefined },
  // The kernel tells user 0 of a socket that is closing: an attacker's own would be root's.
  { name: "one that is closing", tcp: line(from, to, "05", 0), want: undefined },
  {
    name: "an IPv6 socket to an IPv4 address",
    tcp: "",
    tcp6: line(`${mapped}${from}`, `${mapped}${to}`, "01", 7),
    want: 7,
  },
  {
    name: "IPv6's loopback",
    tcp: "",
    tcp6: line("00000000000000000000000001000000:ABCD", "00000000000000000000000001000000:1C87", "01", 5),
    connection: { ...own, remoteAddress: "::1", localAddress: "::1" },
    want: 5,
  },
  {
    name: "an address of the network",
    tcp: line("0500000A:ABCD", to, "01", 0),
    connection: { ...own, remoteAddress: "10.0.0.5" },
    want: undefined,
  },
  { name: "no table at all", tcp: "", want: undefined },
];

for (const { name, tcp, tcp6 = "", connection = own, want } of tables) {
  test(`peerUser finds ${want ?? "nobody"} by ${name}`, () => {
    assert.equal(
      peerUser(connection, (table) => head + (table === "tcp" ? tcp : tcp6)),
      want,
    );
  });
}

test("peerUser finds this process's user on a real connection", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const client = new Socket();
  try {
    const taken = new Promise<Socket>((resolve) => server.once("connection", resolve));
    client.connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
    const socket = await taken;
    assert.equal(peerUser(socket), process.getuid?.());
    socket.destroy();
  } finally {
    client.destroy();
    server.close();
  }
});
