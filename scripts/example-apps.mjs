// Runs the example programs of OpenTelemetry's Go auto-instrumentation and of OBI under `go3s observe`, and compares the spans with what those
// projects' own tests ask for. Nothing of theirs is here: give checkouts of theirs. Needs root, Go, curl, ip; the programs run in a network
// namespace of their own, since they listen on fixed ports.
//   npm run build && node scripts/example-apps.mjs --go-auto CHECKOUT --obi CHECKOUT [--tools DIR] [--only NAME,…] [--bin FOLDER] [--write]
// `--bin` takes programs that are built already (by their names here), `--tools` has the servers that are jars
// (example-apps/servers.mjs). `--write` puts the table into docs/compatibility.md.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { apps } from "./example-apps/apps.mjs";
import { hosts, startDocker, startServer } from "./example-apps/servers.mjs";

const { values } = parseArgs({
  options: {
    "go-auto": { type: "string" },
    obi: { type: "string" },
    only: { type: "string" },
    bin: { type: "string" },
    tools: { type: "string", default: "." },
    write: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, "packages", "cli", "bin", "go3s.js");
const folder = mkdtempSync(join(tmpdir(), "go3s-examples-"));
const namespace = `go3s-examples-${process.pid}`;
const checkouts = { "go-auto": values["go-auto"], OBI: values.obi };

const run = (command, args, options = {}) => spawnSync(command, args, { encoding: "utf8", ...options });

/** build gives a program's path, or why there is none. */
function build({ project, name, dir }) {
  const ready = values.bin === undefined ? undefined : join(values.bin, name);
  if (ready !== undefined) return existsSync(ready) ? { path: ready } : { problem: "not in --bin" };
  const path = join(folder, name);
  const done = run("go", ["build", "-buildvcs=false", "-o", path, "."], {
    cwd: join(checkouts[project], dir),
  });
  return done.status === 0 ? { path } : { problem: done.stderr.trim().split("\n").at(-1) };
}

async function until(ask, ms) {
  for (const end = Date.now() + ms; ; await sleep(100)) {
    const answer = ask();
    if (answer || Date.now() > end) return answer;
  }
}

/** observe starts the agent for all programs; lines() are what it says. */
function observe() {
  const child = spawn(process.execPath, [cli, "observe", "--json", "--api-spans", "--name", "example-*"], {
    stdio: ["ignore", "pipe", values.verbose ? "inherit" : "ignore"],
  });
  const lines = [];
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  const gone = once(child, "exit");
  return {
    lines,
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

/** start runs a program in the namespace as the service example-NAME; it is killed by stop(). */
function start(path, name, { args = [], env = {}, cwd = folder } = {}) {
  const child = spawn("ip", ["netns", "exec", namespace, path, ...args], {
    cwd,
    stdio: values.verbose ? "inherit" : "ignore",
    env: { PATH: process.env.PATH, HOME: folder, OTEL_SERVICE_NAME: `example-${name}`, ...env },
  });
  const gone = once(child, "exit");
  return {
    pid: child.pid,
    gone,
    signal: (name) => child.kill(name),
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** one runs an app and gives its checks, each with what it is and whether it holds. */
async function one(agent, app) {
  const built = build(app);
  if (built.problem !== undefined) return { problem: built.problem };
  const checkout = checkouts[app.project];
  const programs = [];
  const servers = [];
  const begin = async (path, options = {}) => {
    const program = start(path, app.name, {
      ...options,
      cwd: options.dir ? join(checkout, options.dir) : folder,
    });
    programs.push(program);
    const attached = await until(
      () => agent.lines.some((line) => line.event === "attached" && line.pid === program.pid),
      120_000,
    );
    if (!attached) throw new Error("was not attached");
    return program;
  };
  const get = (url, ...headers) => {
    const done = run("ip", [
      "netns",
      "exec",
      namespace,
      "curl",
      "-sk",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      "--max-time",
      "10",
      ...headers.flatMap((each) => ["-H", each]),
      url,
    ]);
    return Number(done.stdout);
  };
  const from = agent.lines.length;
  const spans = () =>
    agent.lines
      .slice(from)
      .filter(({ span_id, service_name }) => span_id !== undefined && service_name === `example-${app.name}`);
  try {
    for (const name of app.servers ?? []) {
      const server = await startServer(name, { namespace, folder, tools: values.tools, checkouts });
      if (server.problem !== undefined) return server;
      servers.push(server);
    }
    if (app.docker === true) {
      const docker = await startDocker(folder);
      servers.push(docker);
      app = { ...app, env: { ...app.env, DOCKER_HOST: docker.host } };
    }
    const program = await begin(built.path, app);
    const listens = () => run("ip", ["netns", "exec", namespace, "ss", "-Hltn"]).stdout;
    for (const port of app.ports ?? []) await until(() => listens().includes(`:${port} `), 10_000);
    await app.drive({ program, get, begin, build: (more) => build({ ...app, ...more }).path ?? "", sleep });
    await until(() => spans().length >= app.spans, 6000);
    await sleep(700);
    const checks = [];
    app.expect({ spans: spans(), check: (what, holds) => checks.push({ what, holds: Boolean(holds) }) });
    if (values.verbose) for (const span of spans()) console.log(JSON.stringify(span));
    return { checks, spans: spans().length };
  } finally {
    for (const each of [...programs, ...servers]) await each.stop();
  }
}

run("ip", ["netns", "add", namespace]);
run("ip", ["netns", "exec", namespace, "ip", "link", "set", "lo", "up"]);
// What ip(8) puts in the place of /etc for the programs that it runs there.
const etc = `/etc/netns/${namespace}`;
mkdirSync(etc, { recursive: true });
writeFileSync(join(etc, "hosts"), hosts);
const agent = observe();
const rows = [];
try {
  const chosen = apps.filter(
    ({ name, project }) =>
      checkouts[project] !== undefined &&
      (values.only === undefined || values.only.split(",").includes(name)),
  );
  for (const app of chosen) {
    let result;
    try {
      result = await one(agent, app);
    } catch (error) {
      result = { problem: String(error.message ?? error) };
    }
    if (result.problem !== undefined) {
      rows.push([app.project, app.name, "-", `not run: ${result.problem}`]);
      console.log(`${app.project} ${app.name}: not run: ${result.problem}`);
      continue;
    }
    const failed = result.checks.filter(({ holds }) => !holds).map(({ what }) => what);
    const reasons = new Map();
    for (const what of failed) {
      const reason = app.because?.[what] ?? "";
      reasons.set(reason, [...(reasons.get(reason) ?? []), what]);
    }
    const why = [...reasons].map(([reason, [first, ...more]]) => {
      if (reason === "") return [first, ...more].join("; ");
      return `${first}${more.length === 0 ? "" : ` and ${more.length} more`}: ${reason}`;
    });
    rows.push([
      app.project,
      app.name,
      `${result.checks.length - failed.length} of ${result.checks.length}`,
      why.join("; "),
    ]);
    console.log(
      `${app.project} ${app.name}: ${result.checks.length - failed.length} of ${result.checks.length} (${result.spans} spans)${failed.length === 0 ? "" : `; not: ${why.join("; ")}`}`,
    );
  }
} finally {
  await agent.stop();
  run("ip", ["netns", "delete", namespace]);
  rmSync(etc, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
const table = [
  "| project | program | as its tests ask | what differs, and why |",
  "|---|---|---:|---|",
  ...rows.map((row) => `| ${row.join(" | ")} |`),
].join("\n");
console.log(`\n${table}`);
if (values.write) {
  const page = join(root, "docs", "compatibility.md");
  const text = readFileSync(page, "utf8");
  const marks = /(<!-- scripts\/example-apps\.mjs -->\n)[\s\S]*?(\n<!-- end -->)/;
  if (!marks.test(text)) throw new Error("docs/compatibility.md has no place for the table");
  writeFileSync(
    page,
    text.replace(marks, (_, begin, end) => `${begin}${table}${end}`),
  );
}
