// Runs the tests: `npm test` sets the machine up, builds and runs all; `npm test -- PACKAGE… [--grep TEXT]` runs some.
// Every *.test.js below packages/*/dist and house/dist is found by itself; there is no list to keep.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { install } from "./install.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const grepAt = args.indexOf("--grep");
const grep = grepAt >= 0 ? args.splice(grepAt, 2)[1] : undefined;

function step(title, command, commandArgs) {
  console.log(`# ${title}`);
  const done = spawnSync(command, commandArgs, { cwd: root, stdio: "inherit" });
  if (done.status !== 0) {
    console.log("0 passed, 1 failed");
    process.exit(1);
  }
}

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(folder, name));
}

if (!existsSync(join(root, "node_modules", ".package-lock.json"))) await install(root);
if (args.length === 0) step("set-up", process.execPath, [join(root, "scripts", "test-setup.mjs")]);
step("build", process.execPath, [join(root, "scripts", "build.mjs"), ...args]);

const folders =
  args.length > 0
    ? args.map((name) => (["house", "bench", "examples"].includes(name) ? name : `packages/${name}`))
    : [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "house", "examples"];
const files = folders.flatMap((folder) => testFiles(join(root, folder, "dist"))).sort();
console.log(
  `# ${files.length} test files: ${[...new Set(files.map((f) => relative(root, f).split("/dist/")[0]))].join(", ")}`,
);

// The probes are compiled once for all tests, and nothing of it stays in the user's cache.
const cache = mkdtempSync(join(tmpdir(), "go3s-cache-"));
process.env.GO3S_CACHE = cache;
process.once("exit", () => rmSync(cache, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

let passed = 0;
let failed = 0;
let skipped = 0;
const failures = [];
const stream = run({
  files,
  concurrency: 2,
  timeout: 900_000,
  ...(grep ? { testNamePatterns: [grep] } : {}),
});
const leaf = (event) => event.details?.type !== "suite" && !files.includes(event.name);
stream.on("test:pass", (event) => {
  if (!leaf(event)) return;
  if (event.skip !== undefined || event.todo !== undefined) skipped++;
  else passed++;
});
stream.on("test:fail", (event) => {
  failed++;
  failures.push(`${event.name} (${event.file ? relative(root, event.file) : "?"})`);
});
const report = stream.compose(new spec());
report.pipe(process.stdout, { end: false });
report.on("end", () => {
  process.nextTick(() => {
    for (const name of failures) console.log(`failed: ${name}`);
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  });
});
