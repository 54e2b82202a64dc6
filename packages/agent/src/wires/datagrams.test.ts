import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest, type LogRecord } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import type { Exporter } from "../export/exporter.js";
import { listening } from "../testing/listening.js";
import { attributeOf, newSpanCollector, prepareProgram, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// Node's own resolver (c-ares) asks a server of the test.
const client = (port: number, listener: number) => `
const resolver = new (require("node:dns").promises.Resolver)({ timeout: 5000 });
resolver.setServers(["127.0.0.1:${port}"]);
resolver.resolve4("shop.example").then(
  ([address]) => new Promise((done) => require("net").connect(${listener}, address).resume().on("close", done)),
).then(
  () => resolver.resolve4("nowhere.example").catch((error) => console.log(error.code)),
);`;

/** answer gives a DNS answer to a question: an address, or that there is no such name (RFC 1035 section 4). */
function answer(question: Buffer): Buffer {
  const isKnown = question.includes("shop");
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const head = Buffer.from([0, 0, 0x81, isKnown ? 0x80 : 0x83, 0, 1, 0, isKnown ? 1 : 0, 0, 0, 0, 0]);
  question.copy(head, 0, 0, 2);
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 7]);
  return Buffer.concat(isKnown ? [head, asked, address] : [head, asked]);
}

test("a program's DNS questions are spans, with the names and what came back", {
  skip: whyNoPeer(),
}, async () => {
  const server = createSocket("udp4");
  server.on("message", (question, from) => server.send(answer(question), from.port, from.address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const listener = createServer((socket) => socket.end());
  const listens = await listening(listener, "127.0.0.7");
  const program = prepareProgram([process.execPath, "-e", client(server.address().port, listens)]);
  const { spans, exporter: forSpans } = newSpanCollector();
  const connections: LogRecord[] = [];
  const exporter: Exporter = {
    ...forSpans,
    send(signal, body, items, done) {
      if (signal === "logs")
        for (const group of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs)
          for (const scope of group.scopeLogs) connections.push(...scope.logRecords);
      forSpans.send(signal, body, items, done);
    },
  };
  let agent: Agent | undefined;
  try {
    agent = await startAgent({ selection: { pids: [program.pid] }, exclude: [process.pid], exporter });
    assert.equal(await program.run(), "ENOTFOUND\n");
    const told = () => spans.filter((span) => attributeOf(span, "dns.question.name") !== "");
    await eventually("both questions", () => told().length >= 2);
    const names = told().map((span) => attributeOf(span, "dns.question.name"));
    assert.ok(names.includes("shop.example"), `asked for ${names}`);
    assert.ok(names.includes("nowhere.example"), `asked for ${names}`);
    for (const span of told()) {
      assert.equal(span.kind, 3);
      assert.equal(attributeOf(span, "network.transport"), "udp");
      assert.equal(attributeOf(span, "server.port"), String(server.address().port));
      const isKnown = attributeOf(span, "dns.question.name") === "shop.example";
      assert.equal(attributeOf(span, "error.type"), isKnown ? "" : "NXDOMAIN");
    }
    // The connection to what was answered has the name that was asked for.
    const connected = await eventually("the connection", () =>
      connections.find(
        ({ eventName, attributes }) =>
          eventName === "tcp.connect" &&
          attributes.some(
            ({ key, value }) => key === "network.peer.port" && value?.intValue === BigInt(listens),
          ),
      ),
    );
    const name = connected.attributes.find(({ key }) => key === "server.address")?.value?.stringValue;
    assert.equal(name, "shop.example");
  } finally {
    program.stop();
    listener.close();
    server.close();
    await agent?.close();
  }
});
