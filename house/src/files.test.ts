import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageOf, root } from "./files.js";
import { allowedImports } from "./imports.js";

test("packageOf names the workspace", () => {
  assert.equal(packageOf("packages/bpf/src/a.ts"), "bpf");
  assert.equal(packageOf("house/src/a.ts"), "house");
});

test("every package has a row in the table of imports, a README and one index.ts", () => {
  for (const name of readdirSync(join(root, "packages"))) {
    assert.ok(allowedImports[name], `${name} has no row in allowedImports`);
    assert.ok(existsSync(join(root, "packages", name, "README.md")), `${name} has no README.md`);
    assert.ok(
      existsSync(join(root, "packages", name, "src", "index.ts")) || name === "web",
      `${name} has no index.ts`,
    );
  }
});
