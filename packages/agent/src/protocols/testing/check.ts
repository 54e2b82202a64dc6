import assert from "node:assert/strict";
import { test } from "node:test";
import { newConnection } from "../connection.js";
import { protocols } from "../protocols.js";
import type { AttributeValue, Protocol, WireExchange } from "../wire.js";
import { type Capture, loadCapture, replay } from "./capture.js";

/** Told is what a client did: the exchange's name, attributes that it must have, its error. */
export type Told = readonly [
  name: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  error?: string,
];

// Captured bytes of a write: what the kernel's probes can afford, and less.
const limits = [1, 5, 9, 16, 40, 64, 128, 256, 512, 1024, 4096];
const budget = 1_000_000;
const runsOfNoise = 100;

/** checkCapture registers the tests that every recording must pass. */
export function checkCapture(protocol: Protocol, name: string, told: readonly Told[]): void {
  const capture = loadCapture(name);
  const size = capture.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  const whole = replay(protocol, capture).exchanges;

  test(`${name}: every exchange is what the client did`, () => {
    assert.deepEqual(
      whole.map((exchange) => `${exchange.name} ${exchange.error}`.trim()),
      told.map(([title, , error]) => `${title} ${error ?? ""}`.trim()),
    );
    for (const [i, [title, attributes]] of told.entries())
      for (const [key, value] of Object.entries(attributes))
        assert.deepEqual(whole[i].attributes[key], value, `${i} ${title}: ${key}`);
    for (const exchange of whole) {
      assert.equal(exchange.doubt, "", exchange.name);
      assert.ok(exchange.startNs > 0 && exchange.endNs >= exchange.startNs, exchange.name);
      if (exchange.firstByteNs > 0)
        assert.ok(exchange.firstByteNs >= exchange.startNs && exchange.firstByteNs <= exchange.endNs);
    }
  });

  test(`${name}: the connection is recognised, whoever is the client`, () => {
    for (const client of [0, 1] as const) {
      const exchanges: WireExchange[] = [];
      const connection = newConnection({
        protocols,
        emit: (exchange) => exchanges.push(exchange),
        late: false,
        datagram: capture.datagram,
      });
      for (const { d, bytes, ns } of capture.chunks)
        connection.push(d === 0 ? client : client === 0 ? 1 : 0, bytes, 0, bytes.length, bytes.length, ns);
      connection.close((capture.chunks.length + 1) * 1_000_000);
      assert.equal(connection.report().protocol, protocol.name);
      assert.equal(connection.report().client, client);
      assert.deepEqual(exchanges, whole);
    }
  });

  if (!capture.datagram) {
    test(`${name}: it is the same wherever its writes are cut`, () => {
      const step = Math.max(1, Math.ceil((size * size) / budget));
      for (const [index, chunk] of capture.chunks.entries())
        for (let at = 1 + (index % step); at < chunk.bytes.length; at += step) {
          const { exchanges } = replay(protocol, capture, {
            pieces: (piece, i) => (i === index ? [at, piece.bytes.length - at] : [piece.bytes.length]),
          });
          assert.deepEqual(exchanges, whole, `chunk ${index} cut at ${at}`);
        }
      const bytewise = replay(protocol, capture, { pieces: (chunk) => Array.from(chunk.bytes, () => 1) });
      assert.deepEqual(bytewise.exchanges, whole);
    });
  }

  test(`${name}: captured in part it says less, and nothing wrong`, () => {
    for (const limit of limits) {
      const { exchanges } = replay(protocol, capture, { limit });
      assert.ok(exchanges.length <= whole.length, `limit ${limit}`);
      matchInOrder(exchanges, whole, `limit ${limit}`);
    }
    const { exchanges, losses } = replay(protocol, capture, {
      limit: Math.max(...capture.chunks.map(({ bytes }) => bytes.length)),
    });
    assert.deepEqual(exchanges, whole);
    assert.equal(losses, 0);
  });

  test(`${name}: begun late at any write it says nothing wrong`, () => {
    let due = 0;
    let found = 0;
    for (let from = 1; from < capture.chunks.length; from++) {
      const { exchanges } = replay(protocol, capture, { from });
      const trusted = exchanges.filter(({ doubt }) => doubt !== "late");
      matchInOrder(trusted, whole, `from ${from}`);
      const begins = capture.chunks[from].ns;
      due += whole.filter(({ startNs }) => startNs >= begins).length;
      found += exchanges.filter(({ startNs }) => startNs >= begins).length;
    }
    // And it says nearly all there is to say of what began since.
    if (whole.length > 2) assert.ok(found >= 0.9 * due, `${found} of ${due}`);
  });

  test(`${name}: noise neither throws nor grows`, () => noise(protocol, capture, size));
}

/** matchInOrder asks that every exchange is one of `whole`, each at most once, as far as it says something. */
function matchInOrder(
  exchanges: readonly WireExchange[],
  whole: readonly WireExchange[],
  when: string,
): void {
  const left = new Set(whole);
  for (const exchange of exchanges) {
    const match = [...left].find((candidate) => agrees(exchange, candidate));
    assert.ok(match !== undefined, `${when}: not in the whole: ${JSON.stringify(exchange)}`);
    left.delete(match);
  }
}

// Counts that are a lower bound when an exchange is in doubt; texts that are shorter when they were cut.
const counts = /size$|rows$|messages$|count$/;
const texts = /text$|summary$|unknown$/;

function agrees(part: WireExchange, whole: WireExchange): boolean {
  const unknown = part.attributes["go3s.wire.unknown"] !== undefined;
  if (part.startNs !== whole.startNs && !unknown) return false;
  const sure = part.doubt === "";
  if (sure && part.endNs !== whole.endNs) return false;
  const sameError = part.error === whole.error || (part.error === "_OTHER" && whole.error !== "");
  if (!sameError && !(part.error === "" && (!sure || unknown)) && part.error !== "connection_closed")
    return false;
  if (sure && !unknown && part.responseBytes > whole.responseBytes) return false;
  return Object.entries(part.attributes).every(([key, value]) => {
    if (counts.test(key) || texts.test(key) || (unknown && !(key in whole.attributes))) return true;
    const expected = whole.attributes[key];
    // Of a list its beginning may be all that was captured.
    if (Array.isArray(value) && Array.isArray(expected))
      return value.every((item, i) => item === expected[i]);
    // Only the greeting tells MariaDB from MySQL.
    return value === expected || (value === "mysql" && expected === "mariadb");
  });
}

/** noise replays with bytes changed, chunks left out, doubled and cut; the same every time. */
function noise(protocol: Protocol, capture: Capture, size: number): void {
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const runs = Math.max(20, Math.min(runsOfNoise, Math.floor(1_500_000 / size)));
  for (let run = 0; run < runs; run++) {
    let emitted = 0;
    const late = random(2) === 0;
    const parser = protocol.open({ emit: () => emitted++, late, datagram: capture.datagram });
    for (const chunk of capture.chunks) {
      if (random(10) === 0) continue;
      const bytes = chunk.bytes.slice();
      for (let i = random(4); i > 0; i--) bytes[random(bytes.length)] = random(256);
      const d = random(20) === 0 ? 1 - chunk.d : chunk.d;
      const start = random(8) === 0 ? random(bytes.length) : 0;
      const end = random(4) === 0 ? start + random(bytes.length - start) : bytes.length;
      const total = random(8) === 0 ? bytes.length - start + random(100_000) : bytes.length - start;
      for (let again = random(12) === 0 ? 2 : 1; again > 0; again--)
        (d === 0 ? parser.request : parser.response)(bytes, start, end, total, chunk.ns);
    }
    parser.close(1e12);
    assert.ok(emitted <= 3 * size);
  }
}
