import type { AgentSample } from "@go3s/server";
import { limitOption, shareOption } from "../agent-sample.js";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";
import { refusalOf, serverOf, serverRows } from "../server-api.js";

export const command: Command = {
  name: "sample",
  summary: "Changes live which share of requests the running agent tells, or says which it is.",
  usage: "sample [SHARE] [options]",
  options: [
    { name: "service", value: "NAME", help: "the share of this service alone" },
    { name: "errors", value: "on|off", help: "tell requests answered with 500 or above whatever the share" },
    { name: "spans-per-second", value: "N", help: "the most spans each second, in fair parts; 0: no limit" },
    ...serverRows,
  ],
  examples: [
    "go3s sample",
    "go3s sample 0.05",
    "go3s sample 1 --service checkout",
    "go3s sample 0.01 --errors on",
    "go3s sample --spans-per-second 2000",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const [share, surplus] = parsed.positionals;
  if (surplus !== undefined)
    throw new CliError("usage", `"${surplus}": what is it?`, "sample takes one share");
  const server = serverOf(parsed);
  const url = new URL("/api/v1/agent/sample", server.web);
  if (share !== undefined) url.searchParams.set("share", String(shareOption("sample", share)));
  const service = parsed.text("service");
  if (service !== undefined) {
    if (share === undefined)
      throw new CliError("usage", "--service needs a share", `go3s sample 0.1 --service ${service}`);
    url.searchParams.set("service", service);
  }
  const errors = parsed.text("errors");
  if (errors !== undefined) {
    if (errors !== "on" && errors !== "off") throw new CliError("usage", `--errors ${errors}: on or off`);
    url.searchParams.set("errors", errors === "on" ? "1" : "0");
  }
  const limit = limitOption(parsed);
  if (limit !== undefined) url.searchParams.set("spans_per_second", String(limit));
  const response = await fetch(url, {
    method: "PUT",
    headers: server.headers,
    signal: interrupted,
  }).catch((error: unknown) => {
    throw new CliError(
      "no-server",
      `cannot reach ${url.origin}: ${String(error)}`,
      "is go3s up running there?",
    );
  });
  const text = await response.text();
  if (!response.ok) throw refusalOf(response.status, text);
  const now: AgentSample = JSON.parse(text);
  if (output.json) output.value(now);
  else for (const line of lines(now)) output.line(line);
  return exitCodes.done;
}

function lines({ share, errors, spans_per_second, services }: AgentSample): string[] {
  return [
    `${share * 100} % of requests are told${errors ? ", and every error" : ""}`,
    ...Object.entries(services).map(([name, own]) => `  ${name}: ${own * 100} %`),
    ...(spans_per_second > 0 ? [`at most ${spans_per_second} spans each second`] : []),
  ];
}
