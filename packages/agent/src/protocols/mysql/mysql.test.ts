import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCapture, replay } from "../testing/capture.js";
import { checkCapture } from "../testing/check.js";
import { mysql } from "./mysql.js";

const rows = (n: number) => ({ "db.response.returned_rows": n });
const changed = (n: number) => ({ "go3s.db.affected_rows": n });
const status = (code: string, state: string) => ({
  "db.response.status_code": code,
  "go3s.db.sqlstate": state,
});

checkCapture(mysql, "mysql-text", [
  ["CREATE DATABASE", { "db.system.name": "mariadb" }],
  ["USE", {}],
  ["CREATE TABLE orders", { "db.namespace": "shop" }],
  ["INSERT orders", { ...changed(3), "db.query.text": "INSERT INTO orders VALUES (?), (?), (?)" }],
  ["SELECT orders", { ...rows(1), "db.query.text": "SELECT * FROM orders WHERE name = ?" }],
  ["SELECT missing", status("1146", "42S02"), "1146"],
  ["SELECT UPDATE orders SELECT orders", changed(3)],
  ["SELECT seq_1_to_15", rows(15)],
  ["SELECT orders", rows(0)],
  ["PING", {}],
  ["LOAD orders", changed(2)],
  ["CREATE PROCEDURE", {}],
  ["CALL", rows(2)],
]);

const byId = { "db.query.text": "SELECT name FROM orders WHERE id = ?", "db.namespace": "shop" };
checkCapture(mysql, "mysql-prepared", [
  ["PREPARE SELECT orders", byId],
  ["SELECT orders", { ...byId, ...rows(1) }],
  ["SELECT orders", { ...byId, ...rows(1) }],
  ["PREPARE INSERT orders", {}],
  ["INSERT orders", status("1062", "23000"), "1062"],
  ["PREPARE SELECT orders", status("1054", "42S22"), "1054"],
  ["PREPARE UPDATE orders", {}],
  ["UPDATE orders", changed(2)],
  ["PREPARE DELETE orders", {}],
  ["DELETE orders", changed(5)],
  ["CHANGE_USER", {}],
  ["SELECT user", rows(1)],
]);

checkCapture(mysql, "mysql-refused", [["CONNECT", { "db.response.status_code": "1045" }, "1045"]]);
checkCapture(mysql, "mysql-compressed", []);

test("a compressed connection is told as opaque", () => {
  assert.equal(replay(mysql, loadCapture("mysql-compressed")).state, "opaque");
});
