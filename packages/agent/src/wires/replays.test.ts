import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { protocols } from "../protocols/protocols.js";
import { loadCapture, replay } from "../protocols/testing/capture.js";
import type { WireExchange } from "../protocols/wire.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { startReplay } from "../testing/replay-peer.js";
import { eventually } from "../testing/wait.js";

// Recordings of real clients and servers (scripts/record-protocols), between two processes over a real connection.
const recordings = [
  "kafka-produce",
  "kafka-modern-fetch",
  "mongodb",
  "amqp",
  "cassandra-v4",
  "cassandra-v5",
  "memcached-text",
  "memcached-binary",
];

const expected = (name: string): WireExchange[] => {
  const capture = loadCapture(name);
  const protocol = protocols.find((known) => known.name === capture.protocol);
  assert.ok(protocol !== undefined);
  return replay(protocol, capture).exchanges;
};

const spanOf = (span: Span): string =>
  [
    span.name,
    attributeOf(span, "error.type"),
    attributeOf(span, "db.query.text"),
    attributeOf(span, "messaging.destination.name"),
    attributeOf(span, "go3s.request.size"),
    attributeOf(span, "go3s.response.size"),
  ].join(" | ");

const told = ({ name, error, attributes, requestBytes, responseBytes }: WireExchange): string =>
  [
    name,
    error,
    attributes["db.query.text"] ?? "",
    attributes["messaging.destination.name"] ?? "",
    requestBytes,
    responseBytes,
  ].join(" | ");

for (const recording of recordings) {
  test(`${recording}: both processes' spans are what the client did, with sizes and errors`, {
    skip: process.getuid?.() !== 0 ? "needs root to load probes" : false,
  }, async () => {
    const pair = await startReplay(recording);
    const { spans, exporter } = newSpanCollector();
    let agent: Agent | undefined;
    try {
      agent = await startAgent({
        selection: { pids: [pair.serverPid, pair.client.pid] },
        exclude: [process.pid],
        exporter,
      });
      await pair.client.run();
      const wanted = expected(recording).map(told).sort();
      const of = (port: "client" | "server"): Span[] =>
        spans.filter(
          (span) => (attributeOf(span, "network.peer.port") === String(pair.port)) === (port === "client"),
        );
      await eventually(
        "all spans",
        () => of("client").length >= wanted.length && of("server").length >= wanted.length,
      );
      assert.deepEqual(of("client").map(spanOf).sort(), wanted);
      assert.deepEqual(of("server").map(spanOf).sort(), wanted);
      assert.deepEqual(agent.report().dropped, {});
    } finally {
      await agent?.close();
      await pair.stop();
    }
  });
}
