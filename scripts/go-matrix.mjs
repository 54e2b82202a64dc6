// Builds one small service (net/http, a client, database/sql) with many releases of Go in many shapes, observes each by `go3s observe`
// and counts what was told: spans, routes, parents, queries. Needs root and Go; takes the toolchains that are in Go's module
// cache and asks the module proxy for the others (each 70 MB; `--here` leaves them out).
//   npm run build && nice -n 10 node scripts/go-matrix.mjs [--go 1.21.13,1.26] [--shape plain,pie] [--here] [--write]
// `--write` puts the table into docs/compatibility.md. Exit code 1 where a cell lacks anything.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { releases, shapes } from "./go-matrix/cells.mjs";
import { asked, countSpans, expected } from "./go-matrix/count.mjs";

const { values } = parseArgs({
  options: {
    go: { type: "string" },
    shape: { type: "string" },
    here: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    keep: { type: "string" },
  },
});
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, "scripts", "go-matrix");
const cli = join(root, "packages", "cli", "bin", "go3s.js");
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "go3s-matrix-"));
const chosen = (rows, names, of) =>
  names === undefined ? rows : rows.filter((row) => names.split(",").includes(of(row)));

/** hasToolchain says whether a release need not be downloaded. */
function hasToolchain(release) {
  const cache = spawnSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).stdout.trim();
  const here = spawnSync("go", ["version"], { encoding: "utf8" }).stdout.includes(` go${release} `);
  return here || existsSync(join(cache, "golang.org", `toolchain@v0.0.1-go${release}.linux-amd64`));
}

/** build makes a cell's program; gives its path, or why there is none. */
function build(release, shape) {
  const name = `matrix-${release}-${shape.name}`;
  const at = join(folder, `${name}.d`);
  mkdirSync(at, { recursive: true });
  for (const file of ["main.go", "driver.go", ...(shape.file ? [shape.file] : [])])
    copyFileSync(join(sources, file), join(at, file.split("/").at(-1)));
  const minor = release.split(".").slice(0, 2).join(".");
  const requires = shape.vendored
    ? "\nrequire example.org/around v0.0.0\n\nreplace example.org/around => ./around\n"
    : "";
  writeFileSync(join(at, "go.mod"), `module matrix\n\ngo ${minor}\n${requires}`);
  // Without the user's own settings: older releases do not know every flag that may stand there.
  const env = { ...process.env, GOENV: "off", GOFLAGS: "", GOTOOLCHAIN: `go${release}`, ...shape.env };
  let command = "go";
  if (minor === "1.19") {
    // It takes no package of a folder whose own place is in the module cache that it uses: so it gets another one.
    const root = spawnSync("go", ["env", "GOROOT"], { cwd: at, encoding: "utf8", env }).stdout.trim();
    command = join(root, "bin", "go");
    Object.assign(env, { GOTOOLCHAIN: "local", GOROOT: root, GOMODCACHE: join(folder, "modules") });
  }
  const go = (args) => spawnSync(command, args, { cwd: at, encoding: "utf8", env });
  if (shape.vendored) {
    mkdirSync(join(at, "around"), { recursive: true });
    copyFileSync(join(sources, "shapes", "around.go"), join(at, "around", "around.go"));
    writeFileSync(join(at, "around", "go.mod"), `module example.org/around\n\ngo ${minor}\n`);
    const done = go(["mod", "vendor"]);
    if (done.status !== 0) return { problem: done.stderr.trim() };
  }
  const path = join(folder, name);
  const done = go(["build", ...shape.flags, "-o", path, "."]);
  return done.status === 0 ? { path, name } : { problem: done.stderr.trim() };
}

/** observe starts the agent once for all cells. */
async function observe() {
  const child = spawn(process.execPath, [cli, "observe", "--json", "--name", "matrix-*"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = [];
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  const notes = [];
  createInterface(child.stderr).on("line", (line) => notes.push(line));
  const gone = once(child, "exit");
  return {
    lines,
    notes,
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

async function until(ask, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    const answer = ask();
    if (answer) return answer;
  }
  return undefined;
}

/** run runs a cell's program under the agent and counts. */
async function run(agent, { path, name }, release) {
  const isNew = Number(release.split(".")[1]) >= 22;
  const pattern = isNew ? "GET /things/{id}" : "/things/";
  const child = spawn(path, [], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: "/usr/bin:/bin", PATTERN: pattern },
  });
  const gone = once(child, "exit");
  const [port] = await Promise.race([once(createInterface(child.stdout), "line"), gone.then(() => [""])]);
  const attached = await until(() =>
    agent.lines.find((line) => line.event === "attached" && line.pid === child.pid),
  );
  const from = agent.notes.length;
  for (let i = 0; i < asked; i++) await (await fetch(`http://127.0.0.1:${port}/things/${i}`)).text();
  const mine = () => agent.lines.filter((line) => line.service_name === name);
  const wanted = expected().spans;
  await until(() => mine().length >= wanted, 5000);
  await sleep(400);
  child.stdin.end();
  await gone;
  return {
    attached: attached !== undefined,
    probes: attached?.probes ?? 0,
    counts: countSpans(mine(), isNew),
    wanted: expected(),
    notes: agent.notes.slice(Math.max(0, from - 8)).filter((line) => line.startsWith("  ")),
  };
}

/** ready waits until a program of any kind is attached: the agent's first start compiles its probes. */
async function ready(agent) {
  const path = join(folder, "matrix-canary");
  copyFileSync("/bin/sleep", path);
  const canary = spawn(path, ["300"], { stdio: "ignore" });
  const seen = await until(() => agent.lines.some((line) => line.pid === canary.pid), 120_000);
  canary.kill("SIGKILL");
  if (!seen) throw new Error(`go3s observe attaches to nothing:\n${agent.notes.join("\n")}`);
}

const rows = [];
let bad = 0;
const agent = await observe();
try {
  await ready(agent);
  for (const release of chosen(releases, values.go, (each) => each)) {
    if (values.here && !hasToolchain(release)) continue;
    const row = { release, cells: [] };
    rows.push(row);
    for (const shape of chosen(shapes, values.shape, ({ name }) => name)) {
      if (shape.since !== undefined && Number(release.split(".")[1]) < shape.since) {
        row.cells.push({ shape: shape.name, text: "" });
        continue;
      }
      const built = build(release, shape);
      if (built.problem !== undefined) {
        row.cells.push({ shape: shape.name, text: "not built" });
        console.log(`${release} ${shape.name}: not built: ${built.problem.split("\n").slice(-2).join(" ")}`);
        bad++;
        continue;
      }
      const { counts, wanted, notes, attached, probes } = await run(agent, built, release);
      if (values.keep === undefined) rmSync(built.path);
      const lacks = Object.keys(wanted).filter((key) => counts[key] !== wanted[key]);
      if (lacks.length > 0) bad++;
      row.cells.push({
        shape: shape.name,
        counts,
        text: lacks.length === 0 ? "all" : lacks.map((key) => `${key} ${counts[key]}`).join(", "),
      });
      console.log(
        `${release} ${shape.name}: ${attached ? `${probes} probes` : "not attached"}; ${Object.keys(wanted)
          .map((key) => `${key} ${counts[key]} of ${wanted[key]}`)
          .join(", ")}`,
      );
      if (lacks.length > 0) for (const note of new Set(notes)) console.log(`   ${note}`);
    }
  }
} finally {
  await agent.stop();
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}

const names = chosen(shapes, values.shape, ({ name }) => name);
const table = [
  `| Go | ${names.map(({ title }) => title).join(" | ")} |`,
  `|---|${names.map(() => "---|").join("")}`,
  ...rows.map(({ release, cells }) => `| ${release} | ${cells.map(({ text }) => text).join(" | ")} |`),
].join("\n");
console.log(`\n${table}`);
if (values.write) {
  const page = join(root, "docs", "compatibility.md");
  const text = readFileSync(page, "utf8");
  const marks = /(<!-- scripts\/go-matrix\.mjs -->\n)[\s\S]*?(\n<!-- end -->)/;
  if (!marks.test(text)) throw new Error("docs/compatibility.md has no place for the table");
  writeFileSync(
    page,
    text.replace(marks, (_, begin, end) => `${begin}${table}${end}`),
  );
}
process.exitCode = bad === 0 ? 0 : 1;
