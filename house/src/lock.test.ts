import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "./files.js";

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, Locked>>;

/** missingOptional lists optional packages (those of other platforms, mostly) that the lock names but does not hold. */
function missingOptional(packages: Packages): string[] {
  const missing: string[] = [];
  for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      // npm looks beside the package, then upwards.
      const parts = path.split("/node_modules/");
      const places = parts.map(
        (_, i) => `${parts.slice(0, parts.length - i).join("/node_modules/")}/node_modules/${name}`,
      );
      if (![...places, `node_modules/${name}`].some((place) => place in packages))
        missing.push(`${path || "."}: ${name}`);
    }
  }
  return missing;
}

test("the lock holds every platform's packages: npm ci refuses a fresh clone otherwise", () => {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Packages };
  assert.deepEqual(missingOptional(lock.packages), []);
});

test("a package of another platform that is not locked is told", () => {
  const packages = {
    "node_modules/a": { optionalDependencies: { "a-linux": "1", "a-darwin": "1" } },
    "node_modules/a-linux": {},
  };
  assert.deepEqual(missingOptional(packages), ["node_modules/a: a-darwin"]);
});
