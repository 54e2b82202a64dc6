// What `npm start` does: installs, builds, mounts what is missing, then runs `go3s up` with the arguments after `--`.
// A second start finds everything done by comparing two stamps, needs no network and goes straight on.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { install } from "./install.mjs";
import { note, step } from "./progress.mjs";
import { newestSource } from "./sources.mjs";
import { runTool } from "./tool.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const buildStamp = join(root, "node_modules", ".go3s-built");

/** built is the share of the projects that have been compiled, the page being the last. */
function built() {
  const projects = [
    ...readdirSync(join(root, "packages")).map((name) => join("packages", name)),
    "house",
    "bench",
    "examples",
  ];
  const done = projects.filter((project) => existsSync(join(root, project, "dist"))).length;
  return (done + (existsSync(join(root, "packages/web/dist/.built")) ? 1 : 0)) / (projects.length + 1);
}

async function build() {
  const newest = String(newestSource(root));
  if (
    existsSync(buildStamp) &&
    readFileSync(buildStamp, "utf8") === newest &&
    existsSync(join(root, "packages/cli/dist/main.js"))
  )
    return;
  await step("Building", () => runTool(process.execPath, [join(root, "scripts", "build.mjs")], root), built);
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
      mkdirSync(folder);
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

try {
  await install(root);
  await build();
} catch (error) {
  note(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
mountMissing();
const cli = join(root, "packages", "cli", "dist", "main.js");
process.argv = [process.execPath, cli, "up", ...process.argv.slice(2)];
await import(pathToFileURL(cli).href);
