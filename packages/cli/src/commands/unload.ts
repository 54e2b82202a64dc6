import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { asInput } from "../load/input.js";
import { unpinAll } from "../load/pins.js";
import type { Parsed } from "../options.js";

export const command: Command = {
  name: "unload",
  summary:
    "Takes away what go3s load --pin left: links first, so that programs stop, then programs and maps.",
  usage: "unload --pin DIR",
  options: [{ name: "pin", value: "DIR", help: "the folder that was given to go3s load" }],
  examples: ["go3s unload --pin /sys/fs/bpf/drop", "go3s ps"],
  run,
};

async function run(parsed: Parsed, { output }: Context): Promise<number> {
  const folder = parsed.text("pin") ?? (parsed.positionals.length === 1 ? parsed.positionals[0] : undefined);
  if (folder === undefined) throw new CliError("usage", "no folder given", "go3s unload --pin DIR");
  for (const removed of asInput(() => unpinAll(folder))) {
    if (output.json) output.value({ event: "removed", ...removed });
    else output.line(`removed  ${removed.kind.padEnd(8)} ${removed.path}`);
  }
  return exitCodes.done;
}
