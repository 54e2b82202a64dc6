import { type FeatureGroup, type FeatureResult, probeFeatures } from "@go3s/bpf";
import type { Command, Context } from "../command.js";
import { exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";

export const command: Command = {
  name: "doctor",
  summary: "Asks the kernel what it allows, and says what to do about the rest.",
  usage: "doctor [options]",
  options: [{ name: "all", help: "every program and map type too" }],
  examples: ["go3s doctor", "go3s doctor --json | grep '\"ok\":false'"],
  run,
};

const headings: Readonly<Record<FeatureGroup, string>> = {
  system: "This machine and these rights",
  hook: "Hooks",
  "program-type": "Program types",
  "map-type": "Map types",
};

async function run(parsed: Parsed, { output }: Context): Promise<number> {
  const groups: readonly FeatureGroup[] =
    parsed.flag("all") || output.json ? ["system", "hook", "program-type", "map-type"] : ["system", "hook"];
  for (const group of groups) {
    const results = probeFeatures([group]);
    if (output.json) for (const result of results) output.value(featureValue(result));
    else {
      output.line(output.paint.bold(headings[group]));
      for (const result of results) for (const line of linesOf(result, output)) output.line(line);
      output.line("");
    }
  }
  return exitCodes.done;
}

/** featureValue is a feature as --json has it: `needs` is the option or kernel that would bring it. */
function featureValue({ row, outcome, detail, hint }: FeatureResult): Record<string, unknown> {
  const ok = outcome === "yes" ? true : outcome === "no" ? false : null;
  const needs = ok === true ? undefined : (row.config ?? `Linux ${row.since}`);
  return {
    feature: row.key,
    ok,
    group: row.group,
    name: row.name,
    why: detail ?? "",
    ...(needs === undefined ? {} : { needs }),
    ...(hint === undefined ? {} : { hint }),
  };
}

function linesOf({ row, outcome, detail, hint }: FeatureResult, { paint }: Context["output"]): string[] {
  const mark =
    outcome === "yes" ? paint.green("yes") : outcome === "no" ? paint.red("no ") : paint.yellow("?  ");
  const first = `  ${mark}  ${row.name}${detail === undefined ? "" : paint.dim(`  ${detail}`)}`;
  return hint === undefined || outcome === "yes" ? [first] : [first, `       ${paint.dim(`to do: ${hint}`)}`];
}
