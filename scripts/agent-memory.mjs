// What the agent of `go3s up` holds in memory while so many Go services are under load, and how long it takes from its start to
// attached for a Go program of so many megabytes. Needs root, Go, and a build.
//   npm run build && node scripts/agent-memory.mjs [--processes 1,100] [--rate 20000] [--seconds 40] [--megabytes 100]
// Memory: resident (as ps and top say), its parts, and the highest ever. Start: `go3s observe --pid N --json` until it says "attached",
// in turns with and without the compiled probes of the last start.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cliPath, startGo3s } from "../bench/dist/measure/go3s.js";
import { costOf, descendants, median } from "../bench/dist/measure/processes.js";
import { buildPrograms, startLoad, startService } from "./soak/programs.mjs";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "1,100" },
    rate: { type: "string", default: "20000" },
    seconds: { type: "string", default: "40" },
    megabytes: { type: "string", default: "100" },
    rounds: { type: "string", default: "3" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "go3s-memory-"));
const mib = (bytes) => (bytes / 1048576).toFixed(1);

/** partsOf gives what /proc says of a process's resident memory, in MiB. */
function partsOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const of = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) * 1024;
  const ring = readFileSync(`/proc/${pid}/smaps`, "utf8")
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((text) => /bpf-map/.test(text.split("\n", 1)[0]))
    .reduce((sum, text) => sum + Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024, 0);
  return { resident: of("Rss"), proportional: of("Pss"), anonymous: of("Anonymous"), ring };
}

async function memory(programs, processes) {
  const go3s = await startGo3s(["--no-web", "--exclude-name", "soak-load"]);
  const services = [];
  const loads = [];
  try {
    for (let i = 0; i < processes; i++) services.push(await startService(programs.things));
    const watched = async () => {
      const { agent } = await (await fetch(`${go3s.web}/api/v1/status`)).json();
      return services.every(({ pid }) => agent.processes.some((each) => each.pid === pid && each.watched));
    };
    // The first start on a machine compiles the probes.
    while (!(await watched())) await sleep(200);
    const each = Math.max(1, Math.floor(Number(values.rate) / processes));
    const connections = Math.max(1, Math.floor(64 / processes));
    for (const { port } of services) loads.push(startLoad(programs.load, port, each, connections));
    const agent = () => descendants(go3s.pid).find(({ command }) => /agent-process/.test(command))?.pid ?? 0;
    const before = { at: performance.now(), cpu: costOf(agent()).cpuSeconds };
    await sleep(Number(values.seconds) * 1000);
    const pid = agent();
    const { resident, proportional, anonymous, ring } = partsOf(pid);
    const answered = loads.reduce((sum, load) => sum + load.counts().answered, 0);
    const share = (costOf(pid).cpuSeconds - before.cpu) / ((performance.now() - before.at) / 1000);
    console.log(
      `${processes} processes, ${Math.round(answered / Number(values.seconds))} requests/s: resident ${mib(resident)} MiB, at most ${mib(costOf(pid).peakBytes)}; ` +
        `anonymous ${mib(anonymous)}, ring buffers ${mib(ring)}, the rest files ${mib(resident - anonymous - ring)}; proportional ${mib(proportional)}; ${Math.round(share * 100)} % CPU`,
    );
  } finally {
    await Promise.all(loads.map((load) => load.end()));
    await Promise.all(services.map((service) => service.end(true)));
    await go3s.stop();
  }
}

/** buildLarge makes a Go program of so many megabytes: data, and code of as many functions as a large service has. */
function buildLarge() {
  const at = join(folder, "large");
  mkdirSync(at);
  const data = Number(values.megabytes) - 40;
  if (data > 0) writeFileSync(join(at, "data.bin"), Buffer.alloc(data << 20, "go3s"));
  const functions = Array.from(
    { length: 60_000 },
    (_, i) =>
      `//go:noinline\nfunc f${i}(a, b int) int {\n\tif a > ${i} {\n\t\treturn b * ${i}\n\t}\n\treturn a + b\n}\n`,
  );
  for (let i = 0; i < 60; i++)
    writeFileSync(
      join(at, `code${i}.go`),
      `package main\n\n${functions.slice(i * 1000, i * 1000 + 1000).join("\n")}`,
    );
  const table = Array.from({ length: 60_000 }, (_, i) => `f${i}`).join(", ");
  writeFileSync(join(at, "table.go"), `package main\n\nvar table = []func(int, int) int{${table}}\n`);
  const service = readFileSync(new URL("./soak/service.go", import.meta.url), "utf8");
  writeFileSync(
    join(at, "main.go"),
    service
      .replace("import (", 'import (\n\t_ "embed"')
      .replace(
        "func main() {",
        `//go:embed data.bin\nvar data string\n\nfunc main() {\n\tif len(os.Args) > 5 {\n\t\tprintln(table[len(os.Args)](1, 2), data[len(os.Args)])\n\t}`,
      ),
  );
  writeFileSync(join(at, "go.mod"), "module large\n\ngo 1.22\n");
  const path = join(folder, "large-service");
  execFileSync("go", ["build", "-o", path, "."], { cwd: at, stdio: ["ignore", "inherit", "inherit"] });
  return path;
}

/** startToAttached gives milliseconds from the start of `go3s observe` to its word that a process is attached. */
async function startToAttached(pid, cache) {
  const began = performance.now();
  const child = spawn(process.execPath, [cliPath, "observe", "--pid", String(pid), "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, GO3S_CACHE: cache },
  });
  const gone = once(child, "exit");
  const lines = createInterface(child.stdout);
  for await (const line of lines) if (JSON.parse(line).event === "attached") break;
  const took = performance.now() - began;
  child.kill("SIGTERM");
  await gone;
  return took;
}

try {
  if (values.processes !== "0") {
    const programs = buildPrograms(folder);
    for (const processes of values.processes.split(",")) await memory(programs, Number(processes));
  }
  if (values.megabytes !== "0") {
    const service = await startService(buildLarge());
    const times = { warm: [], cold: [] };
    const cache = join(folder, "cache");
    try {
      await startToAttached(service.pid, cache);
      for (let i = 0; i < Number(values.rounds); i++) {
        times.warm.push(await startToAttached(service.pid, cache));
        times.cold.push(await startToAttached(service.pid, join(folder, `cache${i}`)));
      }
    } finally {
      await service.end(true);
    }
    const text = (list) => `${Math.round(median(list))} ms (${list.map((ms) => Math.round(ms)).join(", ")})`;
    console.log(
      `start to attached, a program of ${values.megabytes} MB: ${text(times.warm)}; with the probes compiled anew ${text(times.cold)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
