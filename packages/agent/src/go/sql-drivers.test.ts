import assert from "node:assert/strict";
import { test } from "node:test";
import { sqlDriver } from "./sql-drivers.js";
import { shownType } from "./type-names.js";

test("the database is known by the package of the driver's connection", () => {
  const rows = [
    ["github.com/lib/pq.(*conn)", "postgresql"],
    ["github.com/jackc/pgx/v5/stdlib.(*Conn)", "postgresql"],
    ["github.com/go-sql-driver/mysql.(*mysqlConn)", "mysql"],
    ["modernc.org/sqlite.(*conn)", "sqlite"],
    ["github.com/mattn/go-sqlite3.(*SQLiteConn)", "sqlite"],
    ["example.com/app/vendor/github.com/lib/pq.(*conn)", "postgresql"],
    ["github.com/lib/pqueue.(*conn)", "other_sql"],
    ["", "other_sql"],
  ] as const;
  for (const [type, system] of rows) assert.equal(sqlDriver(type).system, system, type);
});

test("types are shown as Go prints them", () => {
  const rows = [
    ["github.com/lib/pq.(*Error)", "*pq.Error"],
    ["github.com/jackc/pgx/v5/pgconn.(*PgError)", "*pgconn.PgError"],
    ["github.com/redis/redis/v9.RedisError", "redis.RedisError"],
    ["errors.(*errorString)", "*errors.errorString"],
    ["syscall.Errno", "syscall.Errno"],
    ["odd", "odd"],
    ["", ""],
  ] as const;
  for (const [type, shown] of rows) assert.equal(shownType(type), shown);
});
