import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  attributeOf,
  freePort,
  newSpanCollector,
  postgresPrograms,
  startPostgres,
  whyNoPeer,
} from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

const bin = postgresPrograms();

// Each query has a connection of its own, and waits for something that is no socket before it says who it is, as drivers that hash passwords do.
const source = `
const { createServer } = require("node:http");
const { connect } = require("node:net");
const ask = (name) => new Promise((resolve, reject) => {
  const socket = connect(Number(process.argv[1]), "127.0.0.1");
  const texts = ["user", "postgres", "database", "postgres", ""].join("\\0") + "\\0";
  const startup = Buffer.alloc(8 + texts.length);
  startup.writeInt32BE(startup.length);
  startup.writeInt32BE(196608, 4);
  startup.write(texts, 8);
  socket.once("connect", () => setTimeout(() => socket.write(startup), Math.random() * 5));
  let answers = 0;
  socket.on("data", (bytes) => {
    // ReadyForQuery ends what each message is answered with.
    if (bytes.at(-6) !== 0x5a) return;
    if (++answers === 2) return resolve(socket.end());
    const text = Buffer.from("SELECT pg_sleep(0.01) AS " + name + "\\0");
    const head = Buffer.from("Q\\0\\0\\0\\0");
    head.writeInt32BE(text.length + 4, 1);
    socket.write(Buffer.concat([head, text]));
  });
  socket.once("error", reject);
});
const server = createServer(async (request, response) => {
  for (let i = 0; i < 2; i++) await ask(request.url.slice(1));
  response.end("ok");
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const ask = (port: number, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent: false }, (answer) =>
      answer.resume().once("end", resolve),
    ).once("error", reject);
  });

// Of several that are opened at a time nobody knows which pool gives them to whom, unless the request is the only one that is open.
for (const atOnce of [1, 6])
  test(`a new connection's first query is the request's that it was connected for, or nobody's, ${atOnce} at once`, {
    skip: bin === undefined ? "needs PostgreSQL" : whyNoPeer("psql"),
  }, async () => {
    if (bin === undefined) return;
    const database = await startPostgres(bin, await freePort());
    const service = spawn(process.execPath, ["-e", source, String(database.port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { spans, exporter } = newSpanCollector();
    let agent: Agent | undefined;
    try {
      const [line] = await once(service.stdout, "data");
      agent = await startAgent({
        selection: { pids: [service.pid ?? 0] },
        exclude: [process.pid],
        exporter,
      });
      const rounds = 4;
      for (let round = 0; round < rounds; round++)
        await Promise.all(
          Array.from({ length: atOnce }, (_, i) => ask(Number(String(line)), `/r${round}c${i}`)),
        );
      const queries = () => spans.filter(({ name }) => name.startsWith("SELECT"));
      const served = () => spans.filter(({ kind }) => kind === 2);
      await eventually(
        "all spans",
        () => served().length === rounds * atOnce && queries().length === 2 * rounds * atOnce,
      );
      for (const query of queries()) {
        const parent = served().find(({ spanId }) => spanId === query.parentSpanId);
        assert.ok(parent !== undefined || atOnce > 1, "a query without a parent");
        if (parent === undefined) continue;
        const path = attributeOf(parent, "url.path");
        assert.match(attributeOf(query, "db.query.text"), new RegExp(`AS ${path.slice(1)}$`));
        assert.equal(query.traceId, parent.traceId);
      }
    } finally {
      service.kill("SIGKILL");
      await agent?.close();
      await database.stop();
    }
  });
