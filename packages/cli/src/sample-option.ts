import type { ServerOptions } from "@go3s/server";
import { CliError } from "./failure.js";
import type { Parsed } from "./options.js";

const units: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(text);
  const unit = units[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** timeOption reads a time with its unit; undefined when it is left out. */
function timeOption(parsed: Parsed, name: string): number | undefined {
  const text = parsed.text(name);
  const time_ms = text === undefined ? undefined : milliseconds(text);
  if (text !== undefined && time_ms === undefined)
    throw new CliError(
      "usage",
      `--${name} ${text} is no time`,
      "write it with its unit, such as 500ms or 2s",
    );
  return time_ms;
}

/** sampleOption reads --sample, --sample-slow and --sample-wait; undefined means that everything is kept. */
export function sampleOption(parsed: Parsed): ServerOptions["sample"] {
  const text = parsed.text("sample");
  const slow_ms = timeOption(parsed, "sample-slow") ?? 0;
  const wait_ms = timeOption(parsed, "sample-wait");
  if (text === undefined) {
    const alone = ["sample-slow", "sample-wait"].find((name) => parsed.text(name) !== undefined);
    if (alone === undefined) return undefined;
    throw new CliError(
      "usage",
      `--${alone} needs --sample`,
      "add --sample 0.1, or leave it out: everything is kept",
    );
  }
  const ratio = Number(text);
  if (!(ratio > 0 && ratio <= 1))
    throw new CliError(
      "usage",
      `--sample ${text} is no share of 1`,
      "use a number above 0 and up to 1, such as 0.1",
    );
  return ratio === 1 ? undefined : { ratio, slow_ms, ...(wait_ms === undefined ? {} : { wait_ms }) };
}
