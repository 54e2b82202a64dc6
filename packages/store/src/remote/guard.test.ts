import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSettings, checkStatement } from "./guard.js";

const max = { time_s: 120, memoryBytes: 1e9, resultRows: 1e6, resultBytes: 1e9, threads: 64 };
const around = {
  database: "go3s",
  databases: ["default", "go3s", "system", "INFORMATION_SCHEMA", "secrets"],
  tableFunctions: new Set(["url", "file", "remote", "cluster", "numbers", "merge", "dictionary", "values"]),
};

test("settings of a statement, however deep, stay within what bounds it", () => {
  for (const sql of [
    "SELECT 1 SETTINGS max_memory_usage = 900000000, max_threads = 2",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 120) SETTINGS optimize_read_in_order = 0",
    "SELECT 1 AS settings, 'SETTINGS max_memory_usage = 0' FORMAT JSON",
    "SELECT settings = 1 FROM traces",
  ])
    checkStatement(sql, max, undefined);
  for (const sql of [
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 SETTINGS max_memory_usage = 1000000001",
    "SELECT 1 SETTINGS max_memory_usage = '2000000000'",
    "SELECT 1 SETTINGS max_threads = 2, max_execution_time = 121",
    "SELECT 1 SETTINGS max_threads = -1",
    "SELECT 1 SETTINGS max_result_rows = DEFAULT",
    "SELECT * FROM (SELECT 1 SETTINGS max_result_bytes = 0) SETTINGS max_threads = 1",
    "SELECT * FROM (SELECT 1 SETTINGS max_threads = 1) SETTINGS max_result_bytes = 0",
    "SELECT 1 SETTINGS log_comment = 'a, b', `max_result_bytes` = 0",
    "SELECT 1 SETTINGS readonly = 0",
  ])
    assert.throws(
      () => checkStatement(sql, max, undefined),
      { code: "query-forbidden", clickhouseCode: 452 },
      sql,
    );
  assert.throws(() => checkSettings([["max_execution_time", "1e9"]], max), { clickhouseCode: 452 });
});

test("without the reader's role a statement is held to the store's own tables", () => {
  for (const sql of [
    "SELECT span.duration_ns FROM traces AS span JOIN go3s.logs AS log ON log.trace_id = span.trace_id",
    "SELECT number FROM numbers(3)",
    "SELECT name FROM system.columns WHERE table = 'secrets.keys'",
    "WITH secrets AS (SELECT 1 AS a) SELECT secrets_a FROM go3s.traces",
    "SELECT e.name FROM traces ARRAY JOIN events AS e",
    "SELECT * FROM values('a String', 'x')",
    "SELECT url FROM logs",
    "SHOW TABLES",
    "SHOW CREATE TABLE go3s.traces",
  ])
    checkStatement(sql, max, around);
  for (const sql of [
    "SELECT * FROM url('http://127.0.0.1/', CSV)",
    "SELECT * FROM traces JOIN ReMoTe('h', go3s, traces) AS r ON 1",
    "SELECT * FROM secrets.keys",
    "SELECT * FROM `secrets`.`keys`",
    "SELECT count() FROM traces WHERE trace_id IN secrets.keys",
    "SELECT * FROM merge('secrets', '.*')",
    "SELECT dictGet('secrets.d', 'a', 1)",
    "SELECT joinGetOrNull('secrets.j', 'a', 1)",
    "SELECT * FROM system.users",
    "SELECT * FROM system.query_log",
    "SHOW CREATE TABLE secrets.keys",
    "SHOW TABLES FROM secrets",
    "SHOW USERS",
    "SHOW PROCESSLIST",
  ])
    assert.throws(
      () => checkStatement(sql, max, around),
      { code: "query-forbidden", clickhouseCode: 497 },
      sql,
    );
});
