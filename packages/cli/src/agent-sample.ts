import type { SamplingOptions } from "@go3s/agent";
import type { AgentSample, AgentSampleChange } from "@go3s/server";
import { CliError } from "./failure.js";
import type { OptionRow, Parsed } from "./options.js";

/** limitRow is the option that bounds what the agent makes. */
export const limitRow: OptionRow = {
  name: "spans-per-second",
  value: "N",
  help: "lower the shares so far that the agent makes no more spans, in fair parts by service",
};

/** shareOption reads a share of 1. Throws "usage". */
export function shareOption(name: string, text: string): number {
  const share = text === "" ? Number.NaN : Number(text);
  if (share >= 0 && share <= 1) return share;
  throw new CliError("usage", `${name} ${text} is no share of 1`, "use a number from 0 to 1, such as 0.01");
}

/** limitOption reads --spans-per-second; undefined when it is left out. */
export function limitOption(parsed: Parsed): number | undefined {
  const text = parsed.text("spans-per-second");
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new CliError("usage", `--spans-per-second ${text}: not a number`);
  return Number(text);
}

/** agentSampleOption reads what the agent begins with; undefined means that everything is told. */
export function agentSampleOption(parsed: Parsed, name: string, errors: string): SamplingOptions | undefined {
  const text = parsed.text(name);
  const limit = limitOption(parsed);
  if (text === undefined && limit === undefined) {
    if (!parsed.flag(errors)) return undefined;
    throw new CliError("usage", `--${errors} needs --${name}`, "everything is told anyway");
  }
  return {
    share: text === undefined ? 1 : shareOption(`--${name}`, text),
    errors: parsed.flag(errors),
    ...(limit === undefined ? {} : { spansPerSecond: limit }),
  };
}

/** changedSampling applies a change that came over the API. */
export function changedSampling(now: SamplingOptions, change: AgentSampleChange): SamplingOptions {
  const { share, service, errors, spans_per_second } = change;
  const common = service === undefined ? { share: share ?? now.share } : {};
  const own = service === undefined || share === undefined ? {} : { [service]: share };
  return {
    ...now,
    ...common,
    services: { ...now.services, ...own },
    ...(errors === undefined ? {} : { errors }),
    ...(spans_per_second === undefined ? {} : { spansPerSecond: spans_per_second }),
  };
}

/** sampleAnswer is the sampling as the API tells it. */
export function sampleAnswer(now: SamplingOptions): AgentSample {
  return {
    share: now.share,
    errors: now.errors === true,
    spans_per_second: now.spansPerSecond ?? 0,
    services: now.services ?? {},
  };
}
