import type { ServerOptions } from "@go3s/server";
import { CliError } from "./failure.js";
import type { Parsed } from "./options.js";

const units: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/.exec(text);
  const unit = units[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** sampleOption reads --sample and --sample-slow; undefined means that everything is kept. */
export function sampleOption(parsed: Parsed): ServerOptions["sample"] {
  const text = parsed.text("sample");
  const slow = parsed.text("sample-slow");
  if (text === undefined) {
    if (slow === undefined) return undefined;
    throw new CliError(
      "usage",
      "--sample-slow needs --sample",
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
  const slow_ms = slow === undefined ? 0 : milliseconds(slow);
  if (slow_ms === undefined)
    throw new CliError(
      "usage",
      `--sample-slow ${slow} is no time`,
      "write it with its unit, such as 500ms or 2s",
    );
  return ratio === 1 ? undefined : { ratio, slow_ms };
}
