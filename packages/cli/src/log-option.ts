import type { LogOptions } from "@go3s/agent";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** logRows are the options about processes' logs. */
export const logRows: readonly OptionRow[] = [
  { name: "logs", help: "tell what the processes write to their logs, too, with trace and span" },
  {
    name: "logs-limit",
    rare: true,
    value: "N",
    help: "with --logs, how many lines a second one process may write (default 2000)",
  },
];

/** logOption reads --logs and --logs-limit; undefined without --logs. */
export function logOption(parsed: Parsed): LogOptions | undefined {
  const text = parsed.text("logs-limit");
  if (!parsed.flag("logs")) {
    if (text === undefined) return undefined;
    throw new CliError("usage", "--logs-limit needs --logs", "for example --logs --logs-limit 500");
  }
  if (text === undefined) return {};
  const limit = Number(text);
  if (!(Number.isSafeInteger(limit) && limit > 0))
    throw new CliError("usage", `--logs-limit ${text}: not a number of lines a second`);
  return { limit };
}
