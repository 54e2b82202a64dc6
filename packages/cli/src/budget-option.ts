import type { BudgetLimits } from "@go3s/agent";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** budgetRows are the options that say what the agent may take. */
export const budgetRows: readonly OptionRow[] = [
  {
    name: "cpu-budget",
    rare: true,
    value: "SHARE",
    help: "what the agent may take of one CPU, such as 5%: beyond it, it does without its dearest parts",
  },
  { name: "memory-budget", rare: true, value: "SIZE", help: "the same for its memory, such as 120MiB" },
];

const units: Readonly<Record<string, number>> = {
  KiB: 1 << 10,
  MiB: 1 << 20,
  GiB: 1 << 30,
  MB: 1e6,
  GB: 1e9,
};

/** budgetOption reads --cpu-budget and --memory-budget; undefined where neither is there. Throws "usage". */
export function budgetOption(parsed: Parsed): BudgetLimits | undefined {
  const cpu = parsed.text("cpu-budget");
  const memory = parsed.text("memory-budget");
  if (cpu === undefined && memory === undefined) return undefined;
  return {
    ...(cpu === undefined ? {} : { cpuShare: shareOf(cpu) }),
    ...(memory === undefined ? {} : { memoryBytes: bytesOf(memory) }),
  };
}

function shareOf(text: string): number {
  const share = Number(/^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]) / 100;
  if (share > 0) return share;
  throw new CliError("usage", `--cpu-budget ${text} is no share of a CPU`, "write it as 5%");
}

function bytesOf(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([KMG]i?B)$/.exec(text) ?? [];
  const bytes = Number(number) * (units[unit] ?? Number.NaN);
  if (bytes > 0) return bytes;
  throw new CliError("usage", `--memory-budget ${text} is no size`, "write it with its unit, as 120MiB");
}
