import assert from "node:assert/strict";
import { test } from "node:test";
import { protocols } from "./protocols.js";
import { captureNames, loadCapture } from "./testing/capture.js";

// More than any parser keeps open; each is below 2 KB with what belongs to it.
const openLimit = 5000;
const rounds = 12_000;

test("requests that are never answered are told or dropped, not kept", () => {
  for (const protocol of protocols) {
    const capture = captureNames()
      .map(loadCapture)
      .filter((candidate) => candidate.protocol === protocol.name)
      .sort((a, b) => b.chunks.length - a.chunks.length)[0];
    assert.ok(capture !== undefined, protocol.name);
    let emitted = 0;
    const parser = protocol.open({ emit: () => emitted++, late: true, datagram: capture.datagram });
    // The smallest write that begins a request on a connection that is open.
    const request = capture.chunks
      .filter(
        ({ d, bytes }) =>
          d === 0 &&
          bytes.length > 8 &&
          protocol.asks(bytes, 0, bytes.length, bytes.length, capture.datagram) > 0,
      )
      .sort((a, b) => a.bytes.length - b.bytes.length)[0];
    for (let i = 0; i < rounds; i++)
      parser.request(request.bytes, 0, request.bytes.length, request.bytes.length, i * 1000);
    const before = emitted;
    parser.close(rounds * 1000);
    assert.ok(emitted - before <= openLimit, `${protocol.name} kept ${emitted - before}`);
  }
});

test("one frame of endless length is passed over, not kept", () => {
  const chunk = new Uint8Array(65536).fill(0x61);
  for (const protocol of protocols) {
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 50 }, () =>
      protocol.open({ emit: () => {}, late: false, datagram: false }),
    );
    for (const parser of parsers)
      for (let i = 0; i < 20; i++) {
        parser.request(chunk, 0, chunk.length, chunk.length, i);
        parser.response(chunk, 0, chunk.length, chunk.length, i);
      }
    const grown = process.memoryUsage().arrayBuffers - before;
    // Two directions of at most 64 KiB and what the collector has not taken yet.
    assert.ok(grown < 50 * 2 * 2 * 65536 + 8e6, `${protocol.name}: ${grown}`);
    for (const parser of parsers) parser.close(100);
  }
});
