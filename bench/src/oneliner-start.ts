import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BtfKind, kernelBtf } from "@go3s/bpf";
import { longProgram } from "./load/long-program.js";
import { costOf, median } from "./measure/processes.js";
import { printTable } from "./measure/table.js";

/** The command as npm links it. */
const go3s = fileURLToPath(new URL("../../packages/cli/bin/go3s", import.meta.url));

const programs = {
  BEGIN: "BEGIN { exit() }",
  openat: "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); } interval:ms:1 { exit(); }",
} as const;

/** Started is one whole process, in milliseconds since it was started; NaN without a first line. */
interface Started {
  readonly first: number;
  readonly whole: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

interface Runner {
  readonly name: string;
  readonly command: readonly string[];
  readonly runs: Started[];
  readonly costs: Started[];
}

/** start runs a process to its end; `watches` reads its costs meanwhile, which takes it some time itself. */
function start(command: readonly string[], watches: boolean): Promise<Started> {
  const [program = "", ...args] = command;
  const begun = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let first = Number.NaN;
  let cost = { cpuSeconds: 0, peakBytes: 0 };
  const timer = watches
    ? setInterval(() => {
        const now = costOf(child.pid ?? 0);
        if (now.peakBytes > 0) cost = now;
      }, 2)
    : undefined;
  child.stdout.once("data", () => {
    first = performance.now() - begun;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ first, whole: performance.now() - begun, ...cost });
      else reject(new Error(`${command.join(" ")} ended with ${code}`));
    });
  });
}

/** onelinerStart measures whole processes of one-liners beside bpftrace's, and the compiler with a long program. */
export async function onelinerStart(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "9" },
      peer: { type: "string", default: "/usr/bin/bpftrace" },
      lines: { type: "string", default: "1000" },
    },
  });
  const rounds = Number(values.rounds);
  const folder = mkdtempSync(join(tmpdir(), "go3s-start-"));
  try {
    const path = join(folder, "long.go3s");
    const text = longProgram(Number(values.lines));
    writeFileSync(path, text);
    const runners: Runner[] = [runner("node, an empty script", [process.execPath, "-e", ""])];
    for (const [name, program] of Object.entries(programs)) {
      runners.push(runner(`${name}: go3s trace`, [go3s, "trace", program]));
      if (existsSync(values.peer)) runners.push(runner(`${name}: bpftrace`, [values.peer, "-e", program]));
    }
    const lines = text.split("\n").length - 1;
    runners.push(runner(`${lines} lines: go3s build`, [go3s, "build", path, "-o", join(folder, "long.o")]));
    // In turns, so that what else the machine does falls on all of them; the first round warms the files.
    for (let round = 0; round <= rounds; round++)
      for (const { command, runs } of runners) {
        const run = await start(command, false);
        if (round > 0) runs.push(run);
      }
    for (const { command, costs } of runners)
      for (let i = 0; i < 3; i++) costs.push(await start(command, true));
    console.log(
      `medians of ${rounds} whole processes, load ${readFileSync("/proc/loadavg", "utf8").split(" ")[0]}\n`,
    );
    printTable(
      ["", "first line, ms", "whole, ms", "least", "most", "memory, MB", "CPU, ms"],
      runners.map(cells),
    );
    printTypes();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runner(name: string, command: readonly string[]): Runner {
  return { name, command, runs: [], costs: [] };
}

function cells({ name, runs, costs }: Runner): string[] {
  const ms = (value: number): string => (Number.isNaN(value) ? "" : value.toFixed(0));
  const whole = runs.map((run) => run.whole);
  return [
    name,
    ms(median(runs.map(({ first }) => first))),
    ms(median(whole)),
    ms(Math.min(...whole)),
    ms(Math.max(...whole)),
    (Math.max(...costs.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0),
    ms(median(costs.map(({ cpuSeconds }) => cpuSeconds * 1000))),
  ];
}

/** printTypes tells how long a process's first questions to the kernel's types take. */
function printTypes(): void {
  const begun = performance.now();
  const btf = kernelBtf();
  const found = ["task_struct", "sock", "file"].map((name) => btf.findOne(name, BtfKind.STRUCT));
  const members = found.map((id) => (id === undefined ? undefined : btf.type(id)));
  const took = performance.now() - begun;
  console.log(
    `\nkernel BTF, ${(btf.bytes.length / 1e6).toFixed(1)} MB: ${members.length} structs by name in ${took.toFixed(1)} ms`,
  );
}
