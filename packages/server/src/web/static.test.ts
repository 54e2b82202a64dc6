import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../errors.js";
import { fileOf } from "./static.js";

const documents = [
  "/",
  "/services",
  "/services/check%20out",
  "/traces/0af7651916cd43dd8448eb211c80319c",
  "/logs",
  "/metrics-explorer",
  "/profiles",
  "/map",
  "/sql",
  "/probes",
  "/diagnosis",
  "/alerts",
  "/system",
  "/settings",
];

for (const path of documents) test(`${path} is a page`, () => assert.equal(fileOf(path), "index.html"));

test("files of the page are themselves", () => {
  assert.equal(fileOf("/assets/index-3f2a.js"), "assets/index-3f2a.js");
});

const outside = [
  "/../package.json",
  "/assets/../../package.json",
  "/%2e%2e/package.json",
  "/assets/%2e%2e%2f%2e%2e%2fpackage.json",
  "/.git/config",
  "/a\\..\\b",
  "//etc/passwd",
  "/%00",
  "/%zz",
];
for (const path of outside) {
  test(`${path} leads nowhere`, () => {
    assert.throws(
      () => fileOf(path),
      (error) => error instanceof ServerError && error.code === "not-found",
    );
  });
}
