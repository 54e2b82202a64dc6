import { checkCapture, type Told } from "../testing/check.js";
import { cassandra } from "./cassandra.js";

const rows = (n: number) => ({ "db.response.returned_rows": n });
const orders = { "db.system.name": "cassandra", "db.collection.name": "shop.orders" };
const byId = {
  ...orders,
  "db.query.text": "SELECT name FROM shop.orders WHERE id = ?",
  "cassandra.consistency.level": "local_one",
};
const insert = "INSERT INTO shop.orders (id, name) VALUES (?)";
// What the driver does with its one connection, behind what it asks for itself.
const did: readonly Told[] = [
  ["CREATE KEYSPACE", {}],
  ["CREATE TABLE shop.orders", orders],
  ["INSERT shop.orders", { ...orders, "db.query.text": insert }],
  ["SELECT shop.orders", { ...orders, ...rows(1) }],
  ["PREPARE SELECT shop.orders", { "db.operation.name": "PREPARE" }],
  ["SELECT shop.orders", { ...byId, ...rows(1) }],
  ["SELECT shop.orders", { ...byId, ...rows(0) }],
  ["SELECT shop.missing", { "db.response.status_code": "2200" }, "2200"],
  ["BATCH INSERT shop.orders DELETE shop.orders", { ...orders, "db.operation.batch.size": 2 }],
  ["SELECT shop.orders", byId],
  ["SELECT shop.orders", byId],
  ["SELECT shop.orders", byId],
];
const system: readonly Told[] = [
  ["SELECT system.local", rows(1)],
  ["SELECT system.peers", rows(0)],
];

const prepare = did.findIndex(([name]) => name.startsWith("PREPARE"));
// Of this server it hears of its own changes, and asks for the schema again.
checkCapture(cassandra, "cassandra-v3", [
  ["STARTUP", {}],
  ["OPTIONS", {}],
  ...system,
  ["SELECT system_schema.keyspaces", rows(5)],
  ["SELECT system_virtual_schema.keyspaces", {}],
  ["REGISTER", {}],
  did[0],
  ["SELECT system_schema.keyspaces", rows(1)],
  ...did.slice(1, prepare + 1),
  ["SELECT system_schema.tables", {}],
  ["SELECT system_schema.columns", {}],
  ["SELECT system_schema.indexes", {}],
  ...did.slice(prepare + 1),
]);
checkCapture(cassandra, "cassandra-v4", [
  ["STARTUP", {}],
  ["OPTIONS", {}],
  ...system,
  ["SELECT system_virtual_schema.keyspaces", {}],
  ["SELECT system_schema.keyspaces", rows(6)],
  ["REGISTER", {}],
  ...did,
]);

// Here every envelope is in a segment, from the one behind STARTUP on.
const mine = { "db.namespace": "shop", "db.collection.name": "orders" };
checkCapture(cassandra, "cassandra-v5", [
  ["OPTIONS", {}],
  ["STARTUP", {}],
  ["USE", {}],
  ["INSERT orders", { ...mine, "db.query.text": "INSERT INTO orders (id, name) VALUES (?)" }],
  ["PREPARE SELECT orders", mine],
  ["SELECT orders", { ...mine, "db.query.text": "SELECT name FROM orders WHERE id = ?", ...rows(1) }],
  ["SELECT orders", rows(0)],
  ["SELECT orders", rows(0)],
  ["SELECT missing", { "db.response.status_code": "2200" }, "2200"],
  ["SELECT orders", rows(2)],
]);
