import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  attributeOf,
  newSpanCollector,
  prepareProgram,
  startMemcached,
  whyNoPeer,
} from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// A client of few words: each line is sent when the one before has been answered.
const client = `
const socket = require("node:net").connect(Number(process.argv[1]), "127.0.0.1");
const lines = ["set user:1 0 0 6\\r\\nsecret\\r\\n", "get user:1\\r\\n", "incr user:1 5\\r\\n",
  "set big 0 0 300000\\r\\n" + "b".repeat(300000) + "\\r\\n", "get big\\r\\n", "get missing\\r\\n"];
let got = "";
const next = () => (lines.length > 0 ? socket.write(lines.shift()) : socket.end());
socket.on("connect", next);
socket.on("data", (bytes) => {
  got += bytes;
  const isOver = /(STORED|END|ERROR[^\\r]*)\\r\\n$/.test(got);
  if (isOver) { got = ""; next(); }
});
`;

test("what a client asks a real memcached is told on both sides, with whole sizes and the server's words for errors", {
  skip: whyNoPeer("memcached"),
}, async () => {
  const memcached = await startMemcached();
  const program = prepareProgram([process.execPath, "-e", client, String(memcached.port)]);
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [memcached.pid, program.pid] },
      exclude: [process.pid],
      exporter,
    });
    await program.run();
    const of = (kind: number) =>
      spans
        .filter((span) => span.kind === kind)
        .sort((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1));
    await eventually("all spans", () => of(2).length >= 6 && of(3).length >= 6);
    for (const kind of [2, 3]) {
      assert.deepEqual(
        of(kind).map((span) => [
          span.name,
          attributeOf(span, "error.type"),
          attributeOf(span, "go3s.request.size"),
          attributeOf(span, "go3s.response.size"),
        ]),
        [
          ["set", "", "26", "8"],
          ["get", "", "12", "31"],
          ["incr", "CLIENT_ERROR", "15", "62"],
          ["set", "", "300022", "8"],
          ["get", "", "9", "300027"],
          ["get", "", "13", "5"],
        ],
      );
      for (const span of of(kind)) {
        assert.equal(attributeOf(span, "db.system.name"), "memcached");
        assert.equal(attributeOf(span, "db.operation.name"), span.name);
        assert.equal(attributeOf(span, "server.port"), String(memcached.port));
      }
    }
    // All but the first, whose write may be told after its answer.
    for (const [i, asked] of of(3).entries()) {
      if (i > 0) assert.equal(of(2)[i]?.parentSpanId, asked.spanId, `${i}`);
    }
  } finally {
    program.stop();
    await agent?.close();
    await memcached.stop();
  }
});
