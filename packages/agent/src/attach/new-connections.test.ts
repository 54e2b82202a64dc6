import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeOf, freePort, postgresPrograms, startPostgres, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { ask, type Watched, whileWatched } from "../testing/watched-program.js";

const bin = postgresPrograms();

// Each query has a connection of its own, which goes to who waits longest once it is ready, as in knex's pools: after something that is no socket,
// as drivers wait that hash passwords.
const source = `
const { createServer } = require("node:http");
const { connect } = require("node:net");
const texts = ["user", "postgres", "database", "postgres", ""].join("\\0") + "\\0";
const startup = Buffer.alloc(8 + texts.length);
startup.writeInt32BE(startup.length);
startup.writeInt32BE(196608, 4);
startup.write(texts, 8);
const waiting = [];
const ask = (name) => new Promise((resolve) => {
  waiting.push({ name, resolve });
  const socket = connect(Number(process.argv[1]), "127.0.0.1");
  socket.once("connect", () => setTimeout(() => socket.write(startup), Math.random() * 5));
  let served;
  socket.on("data", (bytes) => {
    // ReadyForQuery ends what each message is answered with.
    if (bytes.at(-6) !== 0x5a) return;
    if (served !== undefined) return served.resolve(socket.end());
    served = waiting.shift();
    const text = Buffer.from("SELECT pg_sleep(0.01) AS " + served.name + "\\0");
    const head = Buffer.from("Q\\0\\0\\0\\0");
    head.writeInt32BE(text.length + 4, 1);
    socket.write(Buffer.concat([head, text]));
  });
});
const server = createServer(async (request, response) => {
  for (let i = 0; i < 2; i++) await ask(request.url.slice(1));
  response.end("ok");
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

// Of several that are opened at a time nobody knows to whom a pool gives them, unless the request is the only one that is open.
for (const atOnce of [1, 6])
  test(`a new connection's first query is the request's that it was connected for, or nobody's, ${atOnce} at once`, {
    skip: bin === undefined ? "needs PostgreSQL" : whyNoPeer("psql"),
  }, async () => {
    if (bin === undefined) return;
    const database = await startPostgres(bin, await freePort());
    const watch = async ({ port, spans }: Watched): Promise<void> => {
      const rounds = 4;
      for (let round = 0; round < rounds; round++)
        await Promise.all(Array.from({ length: atOnce }, (_, i) => ask(port, `/r${round}c${i}`)));
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
    };
    try {
      await whileWatched([process.execPath, "-e", source, String(database.port)], watch);
    } finally {
      await database.stop();
    }
  });
