import { checkCapture } from "../testing/check.js";
import { postgresql } from "./postgresql.js";

const rows = (n: number) => ({ "db.response.returned_rows": n });
const changed = (n: number) => ({ "go3s.db.affected_rows": n });
const byId = {
  "db.query.text": "SELECT id, name FROM orders WHERE id = $1",
  "db.collection.name": "orders",
  "db.operation.name": "SELECT",
  "db.namespace": "postgres",
};

checkCapture(postgresql, "postgresql-simple", [
  ["CREATE TABLE orders", { "db.system.name": "postgresql", "db.namespace": "postgres" }],
  ["INSERT orders", { ...changed(3), "db.query.text": "INSERT INTO orders VALUES (?), (?), (?)" }],
  ["SELECT orders", { ...rows(1), "db.query.text": "SELECT * FROM orders WHERE name = ?" }],
  ["SELECT missing_table", { "db.response.status_code": "42P01" }, "42P01"],
  ["BEGIN UPDATE orders", changed(1)],
  ["SELECT", rows(20)],
  ["postgresql", {}],
]);

checkCapture(postgresql, "postgresql-extended", [
  ["SELECT orders", { ...rows(1), "db.query.text": "SELECT name FROM orders WHERE id = $1" }],
  ["SELECT orders", { ...byId, ...rows(1) }],
  ["SELECT orders", { ...byId, ...rows(1) }],
  ["INSERT orders", { "db.response.status_code": "23505" }, "23505"],
  ["SELECT", {}, "42601"],
  ["SELECT orders", { ...byId, ...rows(1) }],
  ["SELECT", {}],
  ["SELECT", rows(6)],
  ["DELETE orders", changed(1)],
]);

checkCapture(postgresql, "postgresql-copy", [
  ["COPY orders", changed(30)],
  ["COPY orders", changed(32)],
  ["SELECT orders", rows(1)],
]);

checkCapture(postgresql, "postgresql-tls-refused", []);
checkCapture(postgresql, "postgresql-no-database", [["CONNECT", {}, "3D000"]]);
checkCapture(postgresql, "postgresql-psql", [["SELECT", rows(1)]]);
checkCapture(postgresql, "postgresql-pipeline", [
  ["SELECT orders", {}],
  ["UPDATE orders", {}],
  ["SELECT", {}, "22012"],
  ["DELETE orders", {}, "pipeline_aborted"],
  ["SELECT orders", rows(1)],
]);
