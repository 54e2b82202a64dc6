// What the scenarios share: servers that are started and ended, and the proxy that records.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const output = fileURLToPath(new URL("../../packages/agent/testdata/protocols/", import.meta.url));

/** newTools makes one scenario's kit. */
export function newTools({ name, directory, tools, fromClients }) {
  const endings = [];
  const written = [];
  mkdirSync(output, { recursive: true });

  return {
    directory: join(directory, name),
    tools,
    fromClients,
    sleep,
    written: () => written,

    /** start runs a server until the scenario ends. */
    start(command, args, options = {}) {
      const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
      let log = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (text) => (log = (log + text).slice(-4000)));
      endings.push(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill(options.ending ?? "SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
        await once(child, "exit");
        clearTimeout(timer);
      });
      return { child, log: () => log };
    },

    /** atEnd runs something when the scenario is over, after what is started later has ended. */
    atEnd: (end) => endings.push(end),

    /** listening waits until a port takes connections. */
    async listening(port, seconds = 20) {
      for (let i = 0; i < seconds * 10; i++) {
        const socket = net.connect(port, "127.0.0.1");
        try {
          await once(socket, "connect");
          socket.destroy();
          return;
        } catch {
          await sleep(100);
        }
      }
      throw new Error(`nobody listens on port ${port}`);
    },

    /** freePort gives a port that was free. */
    async freePort() {
      const server = net.createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address();
      server.close();
      return port;
    },

    /** proxy records every connection through it: chunks of {d: 0 client or 1 server, t: microseconds, b: base64}. */
    async proxy(target, listen = 0) {
      const recordings = [];
      const server = net.createServer((client) => {
        const upstream = net.connect(target, "127.0.0.1");
        const chunks = [];
        recordings.push(chunks);
        const began = process.hrtime.bigint();
        for (const [d, from, to] of [
          [0, client, upstream],
          [1, upstream, client],
        ]) {
          from.setNoDelay(true);
          from.on("data", (bytes) => {
            chunks.push({
              d,
              t: Number((process.hrtime.bigint() - began) / 1000n),
              b: bytes.toString("base64"),
            });
            to.write(bytes);
          });
          from.on("end", () => to.end());
          from.on("error", () => to.destroy());
        }
      });
      server.listen(listen, "127.0.0.1");
      await once(server, "listening");
      endings.push(() => server.close());
      return { port: server.address().port, recordings };
    },

    /** write keeps a recording under a name; `did` says in a sentence what the client did. */
    write(file, protocol, did, chunks, more = {}) {
      if (chunks.length === 0) throw new Error(`${file}: nothing was recorded`);
      const lines = chunks.map((chunk) => `    ${JSON.stringify(chunk)}`).join(",\n");
      const head = JSON.stringify({ protocol, did, ...more }, null, 2).slice(0, -2);
      writeFileSync(join(output, `${file}.json`), `${head},\n  "chunks": [\n${lines}\n  ]\n}\n`);
      const bytes = chunks.reduce((sum, { b }) => sum + Buffer.from(b, "base64").length, 0);
      written.push(`${file}: ${chunks.length} chunks, ${bytes} bytes`);
    },

    async close() {
      for (const end of endings.reverse()) await end();
    },
  };
}
