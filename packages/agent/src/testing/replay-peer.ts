import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { loadCapture } from "../protocols/testing/capture.js";
import { prepareProgram, type WaitingProgram } from "./live-peers.js";

// One side of a recorded connection, as a process of its own: it writes its chunks when it has read all that came before them.
// argv: which side (0 the client), the server's port (0: listen), the chunks as JSON.
const side = `
const net = require("node:net");
const own = Number(process.argv[1]);
const port = Number(process.argv[2]);
const chunks = JSON.parse(process.argv[3]);
let next = 0;
let due = 0;
let got = 0;
function run(socket) {
  socket.setNoDelay(true);
  const go = () => {
    while (next < chunks.length) {
      const [d, text] = chunks[next];
      const bytes = Buffer.from(text, "base64");
      if (d === own) {
        if (got < due) return;
        next++;
        // The next chunk of the same side is another write, as it was recorded.
        if (chunks[next]?.[0] === own) return void socket.write(bytes, () => setTimeout(go, 2));
        socket.write(bytes);
      } else {
        due += bytes.length;
        next++;
      }
    }
    if (got >= due) setTimeout(() => socket.end(), own === 0 ? 50 : 200);
  };
  socket.on("data", (bytes) => { got += bytes.length; go(); });
  socket.on("end", () => socket.end());
  socket.on("close", () => process.exit(0));
  go();
}
if (port === 0) {
  const server = net.createServer((socket) => { server.close(); run(socket); });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else run(net.connect(port, "127.0.0.1"));
`;

/** ReplayedPair is a recorded connection between two real processes. */
export interface ReplayedPair {
  readonly serverPid: number;
  readonly client: WaitingProgram;
  readonly port: number;
  stop(): Promise<void>;
}

/** startReplay starts the server's side of a recording; the client's waits until it is run. */
export async function startReplay(name: string): Promise<ReplayedPair> {
  const { chunks } = loadCapture(name);
  const text = JSON.stringify(chunks.map(({ d, bytes }) => [d, Buffer.from(bytes).toString("base64")]));
  const server: ChildProcess = spawn(process.execPath, ["-e", side, "1", "0", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  if (server.stdout === null) throw new Error("no output");
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  const port = Number(line);
  const client = prepareProgram([process.execPath, "-e", side, "0", String(port), text]);
  return {
    serverPid: server.pid ?? 0,
    client,
    port,
    async stop() {
      client.stop();
      server.kill("SIGKILL");
      await exited;
    },
  };
}
