import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** temporaryDirectory makes a directory that is removed, with all that is in it, when the test has ended. */
export function temporaryDirectory(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "go3s-store-"));
  test.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
