import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Connection, newConnection } from "./connection.js";
import { protocols } from "./protocols.js";
import { type Capture, captureNames, loadCapture } from "./testing/capture.js";
import type { Protocol, WireExchange } from "./wire.js";

const captures = captureNames().map(loadCapture);

interface Fed {
  readonly connection: Connection;
  readonly exchanges: WireExchange[];
}

function feed(
  capture: Capture,
  candidates: readonly Protocol[],
  from: number,
  limit: number,
  late: boolean,
): Fed {
  const exchanges: WireExchange[] = [];
  const connection = newConnection({
    protocols: candidates,
    emit: (exchange) => exchanges.push(exchange),
    late,
    datagram: capture.datagram,
  });
  for (const { d, bytes, ns } of capture.chunks.slice(from))
    connection.push(d, bytes, 0, Math.min(bytes.length, limit), bytes.length, ns);
  connection.close(1e12);
  return { connection, exchanges };
}

test("every recording is taken for its own protocol, with 64 bytes of each write too", () => {
  for (const capture of captures)
    for (const limit of [64, 256, 100_000]) {
      const { protocol, client } = feed(capture, protocols, 0, limit, false).connection.report();
      assert.deepEqual([capture.name, protocol, client], [capture.name, capture.protocol, 0]);
    }
});

test("no recording is taken for another protocol, where its own is not among the candidates", () => {
  for (const capture of captures) {
    const others = protocols.filter((protocol) => protocol.name !== capture.protocol);
    for (let from = 0; from < Math.min(capture.chunks.length, 12); from++)
      for (const limit of [16, 64, 100_000]) {
        const { connection, exchanges } = feed(capture, others, from, limit, from > 0);
        const { protocol } = connection.report();
        assert.ok(
          protocol === "unknown" || protocol === "undecided" || protocol === "tls",
          `${capture.name} from ${from}, limit ${limit}: taken for ${protocol}`,
        );
        assert.equal(exchanges.length, 0);
      }
  }
});

test("begun late, most recordings are recognised, and none as another", () => {
  const missed: string[] = [];
  for (const capture of captures)
    for (let from = 1; from < capture.chunks.length - 4; from++) {
      const { protocol } = feed(capture, protocols, from, 100_000, true).connection.report();
      if (protocol === capture.protocol) continue;
      assert.ok(
        protocol === "unknown" || protocol === "undecided",
        `${capture.name} from ${from}: ${protocol}`,
      );
      missed.push(`${capture.name}@${from}`);
    }
  const tried = captures.reduce((sum, { chunks }) => sum + Math.max(0, chunks.length - 5), 0);
  assert.ok(missed.length <= tried / 20, `${missed.length} of ${tried}: ${missed.join(" ")}`);
});

test("random bytes, other protocols' beginnings and empty writes are nothing that is known", () => {
  const beginnings = [
    "SSH-2.0-OpenSSH_9.2\r\n",
    "220 mail.example ESMTP\r\n",
    "EHLO me\r\n",
    "* OK IMAP4 ready\r\n",
    "+OK POP3 ready\r\n",
    "USER me\r\n",
    "\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c\x00\x0eclient",
    "AMQP\x00\x01\x00\x00",
    "CONNECT\naccept-version:1.2\nhost:h\n\n\0",
    'INFO {"server_id":"NATS"}\r\n',
    "\x00\x00\x00\x00",
    "\x01\x01\x00\x6e\x00\x00\x00\x00\x00\x00\x01\x36\xd0\x00\x00",
  ];
  for (const text of beginnings) {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    for (const late of [false, true]) {
      const connection = newConnection({ protocols, emit: () => assert.fail(text), late });
      for (let i = 0; i < 40; i++) connection.push(0, bytes, 0, bytes.length, bytes.length, i);
      connection.close(100);
      assert.equal(connection.report().protocol, "unknown", JSON.stringify(text));
    }
  }
  for (let run = 0; run < 2000; run++) {
    // The same every time: among enough chance bytes something always looks like something.
    const bytes = createHash("shake256", { outputLength: 1 + (run % 200) })
      .update(String(run))
      .digest();
    const connection = newConnection({
      protocols,
      emit: () => {},
      late: run % 2 === 0,
      datagram: run % 5 === 0,
    });
    for (let i = 0; i < 10; i++)
      connection.push(i % 2 === 0 ? 0 : 1, bytes, 0, bytes.length, bytes.length, i);
    const { protocol } = connection.report();
    assert.ok(protocol === "unknown" || protocol === "undecided" || protocol === "tls", protocol);
  }
});

test("TLS is told as such, and who is known to be the client is asked for nothing else", () => {
  const hello = Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
  const connection = newConnection({ protocols, emit: () => {}, late: false });
  connection.push(0, hello, 0, hello.length, 517, 1);
  assert.equal(connection.report().protocol, "tls");
  const request = Uint8Array.from("GET / HTTP/1.1\r\n\r\n", (c) => c.charCodeAt(0));
  const inverse = newConnection({ protocols, emit: () => {}, late: false, client: 1 });
  inverse.push(0, request, 0, request.length, request.length, 1);
  assert.equal(inverse.report().protocol, "undecided");
});
