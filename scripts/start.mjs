// `npm start`: installs, builds, mounts what is missing, then runs `go3s up` with the arguments after `--`.
// A second start finds everything done by comparing two stamps, needs no network and goes straight on.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { note, step } from "./progress.mjs";
import { newestSource } from "./sources.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const floor = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > floor[0] || (major === floor[0] && minor >= floor[1])) return;
  note(`Go3s needs Node >= ${floor.join(".")}; this is ${process.versions.node} (${process.execPath}).`);
  note("Install a newer one (https://nodejs.org) and run npm start again.");
  process.exit(1);
}

/** runTool starts a command, keeps its output, and fails with the last lines of it. */
function runTool(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output = (output + chunk).slice(-8000)));
    child.on("error", reject);
    child.on("close", (status) =>
      status === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(" ")} ended with ${status}:\n${output.trim()}`)),
    );
  });
}

const lockHash = () =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
const installStamp = join(modules, ".go3s-installed");

async function install() {
  const hash = lockHash();
  if (existsSync(installStamp) && readFileSync(installStamp, "utf8") === hash) return;
  const wanted = Object.keys(
    JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages,
  ).filter((path) => path.startsWith("node_modules/"));
  const share = () =>
    wanted.filter((path) => existsSync(join(root, path, "package.json"))).length / wanted.length;
  await step(
    "Installing packages (once; about 700 MB, most of it the database engine)",
    () => runTool("npm", ["ci", "--no-audit", "--no-fund"]),
    share,
  );
  writeFileSync(installStamp, hash);
}

const buildStamp = join(root, "node_modules", ".go3s-built");

async function build() {
  const newest = String(newestSource(root));
  if (
    existsSync(buildStamp) &&
    readFileSync(buildStamp, "utf8") === newest &&
    existsSync(join(root, "packages/cli/dist/main.js"))
  )
    return;
  await step("Building", () => runTool(process.execPath, [join(root, "scripts", "build.mjs")]));
  writeFileSync(buildStamp, newest);
}

// What the agent reads besides bpf(2): tracepoint numbers and formats. bpffs is only for pins asked for by name.
const mounts = [
  {
    type: "tracefs",
    folder: "/sys/kernel/tracing",
    probe: "/sys/kernel/tracing/events",
    purpose: "tracepoints",
  },
  { type: "bpf", folder: "/sys/fs/bpf", probe: undefined, purpose: "pinned programs" },
];

function isMounted(type, folder) {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[1] === folder && line.split(" ")[2] === type);
}

function mountMissing() {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  for (const { type, folder, probe, purpose } of mounts) {
    if (isMounted(type, folder) || (probe !== undefined && existsSync(probe))) continue;
    try {
      mkdirSync(folder, { recursive: true });
    } catch {
      // The mount below says why it cannot be.
    }
    const done = spawnSync("mount", ["-t", type, type, folder], { encoding: "utf8" });
    if (done.status === 0) note(`Mounted ${type} on ${folder} (${purpose})`);
    else
      note(
        `Could not mount ${type} on ${folder} (${purpose}): ${(done.stderr || done.error?.message || "").trim()}`,
      );
  }
}

checkNode();
try {
  await install();
  await build();
} catch (error) {
  note(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
mountMissing();
const cli = join(root, "packages", "cli", "dist", "main.js");
process.argv = [process.execPath, cli, "up", ...process.argv.slice(2)];
await import(pathToFileURL(cli).href);
