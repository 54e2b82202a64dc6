import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { leaveNetworkNamespace } from "@go3s/bpf";

/** ownNetwork moves this process into a network of its own with nothing but a loopback device: nobody else's packets are met. */
export function ownNetwork(): void {
  leaveNetworkNamespace();
  execFileSync("ip", ["link", "set", "lo", "up"]);
}

/** sendDatagrams sends UDP packets to ports of this machine and gives how many of them arrived there. */
export async function sendDatagrams(ports: readonly number[]): Promise<number> {
  let arrived = 0;
  const receivers = await Promise.all(
    [...new Set(ports)].map(async (port) => {
      const socket = createSocket("udp4", () => arrived++);
      await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
      return socket;
    }),
  );
  const sender = createSocket("udp4");
  for (const port of ports)
    await new Promise<void>((resolve) => sender.send("hello", port, "127.0.0.1", () => resolve()));
  // Loopback delivers at once; the receivers' callbacks still need their turn.
  for (let turn = 0; turn < 20 && arrived < ports.length; turn++) await pause(10);
  for (const socket of [sender, ...receivers]) socket.close();
  return arrived;
}

/** startServer listens for TCP connections on any free port and answers each with one line. */
export async function startServer(line: string): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    // Who asks may go away before everything is said.
    socket.on("error", () => undefined);
    socket.resume().end(line);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen on a port");
  return { port: address.port, server };
}

/** askServer connects and gives what the server says, or the code of what went wrong. */
export function askServer(port: number, host = "127.0.0.1"): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, host);
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("end", () => resolve(text));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** pause waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
