import assert from "node:assert/strict";
import { test } from "node:test";
import { socketPath } from "./unix-path.js";

test("a socket's path ends with its first zero, and one that is no file begins with an @", () => {
  const of = (text: string): string => socketPath(Buffer.from(`..${text}`), 2, Buffer.byteLength(text));
  assert.equal(of("/run/app.sock\0"), "/run/app.sock");
  assert.equal(of("/run/app.sock"), "/run/app.sock");
  assert.equal(of("/run/\u00e4.sock\0rest"), "/run/\u00e4.sock");
  assert.equal(of("\0name"), "@name");
  assert.equal(of(""), "");
});
