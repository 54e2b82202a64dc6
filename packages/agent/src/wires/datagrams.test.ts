import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { attributeOf, newSpanCollector, prepareProgram, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// Node's own resolver (c-ares) asks a server of the test.
const client = (port: number) => `
const resolver = new (require("node:dns").promises.Resolver)({ timeout: 5000 });
resolver.setServers(["127.0.0.1:${port}"]);
resolver.resolve4("shop.example").then(
  () => resolver.resolve4("nowhere.example").catch((error) => console.log(error.code)),
);`;

/** answer gives a DNS answer to a question: an address, or that there is no such name (RFC 1035 section 4). */
function answer(question: Buffer): Buffer {
  const isKnown = question.includes("shop");
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const head = Buffer.from([0, 0, 0x81, isKnown ? 0x80 : 0x83, 0, 1, 0, isKnown ? 1 : 0, 0, 0, 0, 0]);
  question.copy(head, 0, 0, 2);
  const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
  return Buffer.concat(isKnown ? [head, asked, address] : [head, asked]);
}

test("a program's DNS questions are spans, with the names and what came back", {
  skip: whyNoPeer(),
}, async () => {
  const server = createSocket("udp4");
  server.on("message", (question, from) => server.send(answer(question), from.port, from.address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const program = prepareProgram([process.execPath, "-e", client(server.address().port)]);
  const { spans, exporter } = newSpanCollector();
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
  } finally {
    program.stop();
    server.close();
    await agent?.close();
  }
});
