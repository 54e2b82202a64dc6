import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Dialect } from "./scan.js";
import { readStatement } from "./statement.js";

interface Row {
  readonly dialect: Dialect;
  readonly have: string;
  readonly text: string;
  readonly summary: string;
}

const rows: readonly Row[] = [
  {
    dialect: "postgresql",
    have: "SELECT * FROM orders WHERE id = 17 AND name = 'O''Neil'",
    text: "SELECT * FROM orders WHERE id = ? AND name = ?",
    summary: "SELECT orders",
  },
  {
    dialect: "postgresql",
    have: 'select a.x, b.y from public.a as a join "B t" b on a.id=b.id where a.z in (1, 2,3 , 4)',
    text: 'select a.x, b.y from public.a as a join "B t" b on a.id=b.id where a.z in (?)',
    summary: "SELECT public.a B t",
  },
  {
    dialect: "postgresql",
    have: "INSERT INTO t1(a, b2) VALUES ($1, E'it\\'s', $$x ' y$$, $q$ secret $$ $q$)",
    text: "INSERT INTO t1(a, b2) VALUES ($1, ?, ?, ?)",
    summary: "INSERT t1",
  },
  {
    dialect: "postgresql",
    have: "WITH n AS (SELECT id FROM raw) DELETE FROM done USING n WHERE done.id = n.id -- secret 5\n",
    text: "WITH n AS (SELECT id FROM raw) DELETE FROM done USING n WHERE done.id = n.id",
    summary: "SELECT raw DELETE done",
  },
  {
    dialect: "postgresql",
    have: "SELECT extract(year FROM d), 'a' IS DISTINCT FROM b FROM days /* a /* nested */ 5 */ FOR UPDATE",
    text: "SELECT extract(year FROM d), ? IS DISTINCT FROM b FROM days FOR UPDATE",
    summary: "SELECT days",
  },
  {
    dialect: "postgresql",
    have: "SELECT * FROM generate_series(1,10)",
    text: "SELECT * FROM generate_series(?)",
    summary: "SELECT",
  },
  {
    dialect: "postgresql",
    have: "CREATE TABLE IF NOT EXISTS s.items (id int, price numeric(10,2))",
    text: "CREATE TABLE IF NOT EXISTS s.items (id int, price numeric(?))",
    summary: "CREATE TABLE s.items",
  },
  { dialect: "postgresql", have: "begin", text: "begin", summary: "BEGIN" },
  {
    dialect: "postgresql",
    have: "SELECT 1.5e3, -2, .5, 0x1F, B'01', U&'d\\0061t', col1 FROM t2",
    text: "SELECT ?, -?, ?, ?, ?, ?, col1 FROM t2",
    summary: "SELECT t2",
  },
  {
    dialect: "mysql",
    have: "SELECT `a b`, \"it\\\"s\" FROM `db`.`orders` # note\n WHERE x = 'don\\'t' AND y = _utf8mb4'z'",
    text: "SELECT `a b`, ? FROM `db`.`orders` WHERE x = ? AND y = ?",
    summary: "SELECT db.orders",
  },
  {
    dialect: "mysql",
    have: "INSERT IGNORE INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = 2",
    text: "INSERT IGNORE INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = ?",
    summary: "INSERT t",
  },
  {
    dialect: "mysql",
    have: "REPLACE INTO t SELECT REPLACE(a, 'x', 'y') FROM u, v w, z",
    text: "REPLACE INTO t SELECT REPLACE(a, ?, ?) FROM u, v w, z",
    summary: "REPLACE t SELECT u v z",
  },
  {
    dialect: "cql",
    have: "SELECT * FROM ks.users WHERE id = 550e8400-e29b-41d4-a716-446655440000 AND b = 0xcafe // c",
    text: "SELECT * FROM ks.users WHERE id = ? AND b = ?",
    summary: "SELECT ks.users",
  },
  { dialect: "postgresql", have: "SELECT 'cut in the mid", text: "SELECT ?", summary: "SELECT" },
  { dialect: "postgresql", have: "", text: "", summary: "" },
];

test("a statement loses its literals and comments and tells its operations and tables", () => {
  for (const row of rows) {
    const { text, summary } = readStatement(row.have, row.dialect);
    assert.deepEqual({ text, summary }, { text: row.text, summary: row.summary }, row.have);
  }
});

test("one table is the collection, the first command the operation", () => {
  const statement = readStatement("update shop.stock set n = 5 where id = 3", "mysql");
  assert.equal(statement.operation, "UPDATE");
  assert.deepEqual(statement.collections, ["shop.stock"]);
});

test("no literal of any shape comes through, wherever the text is cut", () => {
  const secret = fc.stringMatching(/^[a-z]{6}$/).map((word) => `zq${word}`);
  fc.assert(
    fc.property(secret, fc.nat(3), fc.nat(200), (word, shape, cut) => {
      const literal = [`'${word}'`, `'a''${word}'`, `$$${word}$$`, `E'\\'${word}'`][shape];
      const sql = `SELECT a FROM t WHERE b = ${literal} AND c = 4`;
      const { text } = readStatement(sql.slice(0, Math.max(10, cut)), "postgresql");
      assert.ok(!text.includes(word.slice(0, 4)), text);
    }),
    { numRuns: 500 },
  );
});

test("any text is read without an error and in bounded length", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 300 }),
      fc.constantFrom<Dialect>("postgresql", "mysql", "cql"),
      (text, dialect) => {
        const statement = readStatement(text, dialect);
        assert.ok(statement.text.length <= text.length + 1 && statement.summary.length <= 255);
      },
    ),
    { numRuns: 500 },
  );
});

test("any order of quotes, comments and their likes is read, never longer than it was", () => {
  const pieces =
    "' \" ` $$ $a$ -- /* */ \n x 1 . e5 \\ ( , ) E U& SELECT FROM # // 550e8400-e29b-41d4-a716-446655440000";
  const text = fc
    .array(fc.constantFrom(" ", ...pieces.split(" ")), { maxLength: 40 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      text,
      fc.constantFrom<Dialect>("postgresql", "mysql", "cql"),
      fc.boolean(),
      (sql, dialect, cut) => {
        assert.ok(readStatement(sql, dialect, cut).text.length <= sql.length + 1);
      },
    ),
    { numRuns: 1000 },
  );
});
