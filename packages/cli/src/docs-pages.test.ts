import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COLUMNS } from "@go3s/store";
import { columnNotes } from "./column-notes.js";
import { errorsPage, schemaPage } from "./docs-pages.js";

const docs = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

test("docs/errors.md lists every error code as the code has it", () =>
  assert.equal(docs("errors.md"), errorsPage()));

test("docs/schema.md lists every column as the tables have it", () =>
  assert.equal(docs("schema.md"), schemaPage()));

test("every column says what it holds", () => {
  for (const [signal, columns] of Object.entries(COLUMNS))
    for (const { name } of columns)
      assert.ok(columnNotes[`${signal}.${name}`] ?? columnNotes[name], `${signal}.${name} has no note`);
});
