import { enableStatistics } from "@go3s/bpf";
import type { Command, Context } from "../command.js";
import { exitCodes } from "../failure.js";
import { type HeldRow, inventory } from "../load/inventory.js";
import { durationOption, type Parsed } from "../options.js";

export const command: Command = {
  name: "ps",
  summary: "Lists what Go3s holds in the kernel: programs, maps and links, and who keeps them there.",
  usage: "ps [options]",
  options: [
    { name: "all", help: "what others hold too" },
    { name: "sample", value: "TIME", help: "count runs of programs for 1s, 500ms, … first (20 ns a run)" },
  ],
  examples: ["go3s ps", "go3s ps --all --sample 1s", 'go3s ps --json | grep \'"kind":"program"\''],
  run,
};

async function run(parsed: Parsed, { output, interrupted }: Context): Promise<number> {
  const sample = durationOption(parsed, "sample");
  if (sample !== undefined) {
    using _counting = enableStatistics();
    await pause(sample, interrupted);
    if (interrupted.reason === "SIGINT") return exitCodes.interrupted;
  }
  const rows = inventory().filter((row) => parsed.flag("all") || row.go3s);
  if (output.json) for (const row of rows) output.value(row);
  else if (rows.length === 0) output.note("Go3s holds nothing in the kernel; --all shows what others hold");
  else for (const line of drawRows(rows)) output.line(line);
  return exitCodes.done;
}

const headings = ["KIND", "ID", "NAME", "TYPE", "RUNS", "TIME", "MEMORY", "HELD BY", "WHERE"] as const;

function drawRows(rows: readonly HeldRow[]): string[] {
  const cells = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  return cells.map((row) =>
    row
      .map((cell, i) => (i >= 4 && i <= 6 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function cellsOf(row: HeldRow): readonly string[] {
  const runs = row["run_count"];
  const time = row["run_time_ns"];
  const memory = row["memory_bytes"];
  const target = row["target"];
  return [
    row.kind,
    String(row.id),
    row.name,
    row.type,
    typeof runs === "bigint" && runs > 0n ? String(runs) : "",
    typeof time === "bigint" && time > 0n ? `${(Number(time) / 1e6).toFixed(2)} ms` : "",
    typeof memory === "number" ? `${Math.ceil(memory / 1024)} KiB` : "",
    row.processes.map(({ pid, command }) => `${command}(${pid})`).join(" "),
    [...(typeof target === "string" && target !== "" ? [target] : []), ...row.pins].join(" "),
  ];
}

function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    interrupted.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
