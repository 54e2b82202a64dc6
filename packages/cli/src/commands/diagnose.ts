import type { DiagnosisAnswer, DiagnosisCause } from "@go3s/server";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";
import { askApi, serverOf, serverRows } from "../server-api.js";

export const command: Command = {
  name: "diagnose",
  summary: "Explains why a service is slow or fails: what changed, what causes it, what does not.",
  usage: "diagnose --service S [options]",
  options: [
    { name: "service", value: "S", help: "the service" },
    { name: "operation", value: "O", help: "one operation of it (default: all)" },
    { name: "from", value: "T", help: "begin of the range: RFC 3339, Unix ms, now-1h (default now-1h)" },
    { name: "to", value: "T", help: "its end (default now)" },
    { name: "since", value: "T", help: "when it began, where that is known (default: found out)" },
    { name: "figure", value: "F", help: "latency, errors or traffic (default: whatever stands out)" },
    { name: "sql", help: "print each claim's statement as well" },
    ...serverRows,
  ],
  examples: [
    "go3s diagnose --service checkout",
    "go3s diagnose --service checkout --operation 'POST /orders' --from now-3h",
    "go3s diagnose --service checkout --json | jq -r '.causes[0].evidence[0].sql' | go3s query -",
  ],
  run,
};

const parameters = ["service", "operation", "from", "to", "since", "figure"] as const;

async function run(parsed: Parsed, { output, interrupted }: Context): Promise<number> {
  const service = parsed.text("service");
  if (service === undefined)
    throw new CliError("usage", "no service is named", "go3s diagnose --service NAME; go3s top lists them");
  const given = parameters.flatMap((name) => {
    const value = parsed.text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const text = await askApi(serverOf(parsed), "diagnosis", Object.fromEntries(given), interrupted);
  const answer: DiagnosisAnswer = JSON.parse(text);
  if (output.json) {
    output.value(answer);
    return exitCodes.done;
  }
  const { bold, dim } = output.paint;
  output.line(bold(shown(answer.headline)));
  if (answer.affected !== null && answer.baseline !== null) {
    const [from, to] = [answer.affected.from_ms, answer.affected.to_ms].map(clock);
    output.line(
      dim(
        `${from} to ${to}, held against ${clock(answer.baseline.from_ms)} to ${clock(answer.baseline.to_ms)}`,
      ),
    );
  }
  answer.causes.forEach((cause, rank) => {
    output.line("");
    for (const line of causeLines(cause, rank, parsed.flag("sql"))) output.line(line);
  });
  for (const [title, lines] of [
    ["Ruled out", answer.ruled_out],
    ["Looked at", answer.looked_at],
  ] as const) {
    if (lines.length === 0) continue;
    output.line("");
    output.line(bold(title));
    for (const line of lines) output.line(`  ${shown(line)}`);
  }
  return exitCodes.done;
}

function causeLines(cause: DiagnosisCause, rank: number, withSql: boolean): string[] {
  return [
    `${rank + 1}. ${shown(cause.sentence)}`,
    `   ${cause.confidence}, explains ${Math.round(cause.share * 100)} %`,
    ...cause.notes.map((note) => `   - ${shown(note)}`),
    ...cause.examples.slice(0, 1).map((example) => `   trace ${example.trace_id}`),
    ...(withSql
      ? cause.evidence.flatMap((evidence) => [
          "",
          `   -- ${shown(evidence.title)}`,
          ...evidence.sql.split("\n").map((line) => `   ${shown(line)}`),
        ])
      : []),
  ];
}

const clock = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** shown makes control characters of others' texts harmless to a terminal. */
const shown = (text: string): string => text.replaceAll(/\p{Cc}/gu, "\ufffd");
