import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { checkCapture } from "../testing/check.js";
import type { WireExchange } from "../wire.js";
import { mongodb } from "./mongodb.js";

const shop = { "db.system.name": "mongodb", "db.namespace": "shop", "db.collection.name": "orders" };

checkCapture(mongodb, "mongodb", [
  ["ismaster", { "db.namespace": "admin" }],
  ["insert orders", { ...shop, "db.operation.name": "insert" }],
  ["insert orders", { ...shop, "db.operation.batch.size": 30 }],
  ["find orders", shop],
  ["find orders", shop],
  ["getMore orders", { ...shop, "db.operation.name": "getMore" }],
  ["getMore orders", shop],
  ["getMore orders", shop],
  ["update orders", shop],
  ["insert orders", { "db.response.status_code": "11000" }, "11000"],
  ["aggregate orders", shop],
  ["delete orders", shop],
  ["noSuchCommand", { "db.response.status_code": "59" }, "59"],
  ["insert events", { ...shop, "db.collection.name": "events" }],
  ["findAndModify orders", shop],
]);

function message(id: number, answersTo: number, op: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(16);
  head.writeInt32LE(16 + body.length, 0);
  head.writeInt32LE(id, 4);
  head.writeInt32LE(answersTo, 8);
  head.writeInt32LE(op, 12);
  return Buffer.concat([head, body]);
}

function run(chunks: readonly (readonly [0 | 1, Buffer])[]): WireExchange[] {
  const exchanges: WireExchange[] = [];
  const parser = mongodb.open({ emit: (exchange) => exchanges.push(exchange), late: false, datagram: false });
  for (const [i, [d, bytes]] of chunks.entries())
    (d === 0 ? parser.request : parser.response)(bytes, 0, bytes.length, bytes.length, i + 1);
  parser.close(100);
  return exchanges;
}

test("a compressed message is paired, its command unknown", () => {
  const [exchange] = run([
    [0, message(7, 0, 2012, Buffer.alloc(30, 5))],
    [1, message(8, 7, 2012, Buffer.alloc(40, 5))],
  ]);
  assert.deepEqual(exchange.attributes["go3s.wire.unknown"], ["db.operation.name"]);
  assert.deepEqual([exchange.requestBytes, exchange.responseBytes, exchange.endNs], [46, 56, 2]);
});

test("a message that wants no answer ends with its last byte; lists beside the command are counted", () => {
  const document = Buffer.from("0500000000", "hex");
  const command = Buffer.concat([Buffer.from("\x02insert\0\x02\0\0\0a\0\x02$db\0\x02\0\0\0b\0\0", "latin1")]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(command.length + 4);
  const list = Buffer.concat([Buffer.from("documents\0"), document, document]);
  const listSize = Buffer.alloc(4);
  listSize.writeInt32LE(list.length + 4);
  const sections = [Buffer.from([0]), size, command, Buffer.from([1]), listSize, list];
  const [exchange] = run([[0, message(9, 0, 2013, Buffer.from([2, 0, 0, 0]), ...sections)]]);
  assert.equal(exchange.name, "insert a");
  assert.equal(exchange.attributes["db.operation.batch.size"], 2);
  assert.equal(exchange.error, "");
});
