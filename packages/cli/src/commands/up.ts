import { join } from "node:path";
import { type FunctionOptions, type LogOptions, partMarker } from "@go3s/agent";
import { type RunningServer, type ServerOptions, startServer } from "@go3s/server";
import { openStore, type RemoteOptions } from "@go3s/store";
import { type AgentChild, type AgentChildState, startAgentChild } from "../agent-child.js";
import { agentSampleOption, changedSampling, limitRow, sampleAnswer } from "../agent-sample.js";
import { agentStatus } from "../agent-status.js";
import { allowedHosts, openable } from "../ask-token.js";
import { budgetOption, budgetRows } from "../budget-option.js";
import { clickhouseOption, clickhouseRows } from "../clickhouse-option.js";
import { type Closing, newClosing } from "../closing.js";
import type { Command, Context } from "../command.js";
import { announceRunning, dataDirectory, makeDataDirectory } from "../data-directory.js";
import { type ProbeObject, readProbe } from "../declared-probe.js";
import { openShop } from "../demo/shop.js";
import { environment, markParts } from "../environment.js";
import { clusterRows, excludeOption, excludeRows } from "../exclude-option.js";
import { CliError, exitCodes } from "../failure.js";
import { functionOption, functionRows } from "../function-option.js";
import { jaegerOption, scrapeOption } from "../in-options.js";
import { logOption, logRows } from "../log-option.js";
import { type Parsed, portOption } from "../options.js";
import { pageFolder } from "../page.js";
import { openProbePort } from "../probes/probe-port.js";
import { retentionOption } from "../retention.js";
import type { MissingRights } from "../rights.js";
import { sampleOption } from "../sample-option.js";
import { keepToken, keptToken } from "../token-file.js";

export const command: Command = {
  name: "up",
  summary: "Runs server, agent and page on this machine: observes its services, takes OTLP, answers SQL.",
  usage: "up [options]",
  options: [
    {
      name: "data",
      value: "DIR",
      help: "where everything is kept (default .go3s in a checkout, else /var/lib/go3s)",
    },
    {
      name: "retention",
      value: "LIST",
      help: "how long rows are kept: traces=3d,logs=36h,rollups=forever,tenant:acme:traces=1d (7d, rollups 90d)",
    },
    {
      name: "tenant-attribute",
      value: "KEY",
      rare: true,
      help: "names tenants by a resource attribute (docs/storage.md)",
    },
    {
      name: "host",
      rare: true,
      value: "ADDRESS",
      help: "the address to listen on (default 127.0.0.1); any other one asks for a token, which the start prints",
    },
    {
      name: "allow-host",
      rare: true,
      value: "NAME",
      multiple: true,
      help: "another name that leads here, such as a proxy's; with one a token is asked for",
    },
    {
      name: "allow-control",
      rare: true,
      help: "let the page run probes and change sampling also when it is not on loopback, or by any user of this machine",
    },
    { name: "otlp-grpc-port", value: "N", rare: true, help: "default 4317; 0 takes any free port" },
    { name: "otlp-http-port", value: "N", help: "default 4318; 0 takes any free port" },
    { name: "web-port", value: "N", help: "default 7303; 0 takes any free port" },
    {
      name: "jaeger-http-port",
      rare: true,
      value: "N",
      help: "take Jaeger's Thrift over HTTP here, too, such as 14268 (the OTLP port always takes /api/traces)",
    },
    {
      name: "jaeger-udp-port",
      rare: true,
      value: "N",
      multiple: true,
      help: "take what Jaeger's clients send to an agent, compact and binary: 6831, 6832 (off by default)",
    },
    {
      name: "scrape",
      value: "FILE",
      help: "scrape the targets of a file as Prometheus has it (scrape_configs)",
    },
    { name: "no-agent", help: "take OTLP only, observe nothing" },
    {
      name: "agent-sample",
      value: "SHARE",
      help: "tell this share of requests, e.g. 0.01, decided in the kernel; go3s sample changes it live",
    },
    {
      name: "agent-sample-errors",
      rare: true,
      help: "with --agent-sample, tell every request answered with 500 or above",
    },
    { ...limitRow, rare: true },
    ...budgetRows,
    ...excludeRows,
    ...clusterRows,
    {
      name: "goroutines",
      rare: true,
      help: "also say of Go services' requests what their goroutines waited for",
    },
    {
      name: "api-spans",
      rare: true,
      help: "also have Go services without an SDK make the spans that they ask OpenTelemetry's API for: sets its switch in their memory",
    },
    {
      name: "allocations",
      rare: true,
      help: "also profile which places of Go services allocate, in objects and bytes",
    },
    {
      name: "probe",
      value: "FILE",
      multiple: true,
      help: "run this .go3s or .o too and keep what its annotations say",
    },
    ...functionRows,
    ...logRows,
    {
      name: "sample",
      value: "RATIO",
      help: "keep this share of traces, by trace id, e.g. 0.1 (default: all)",
    },
    {
      name: "sample-slow",
      rare: true,
      value: "TIME",
      help: "with --sample, keep traces with a span as slow, e.g. 500ms; errors and go3s.critical=true are always kept",
    },
    {
      name: "sample-wait",
      rare: true,
      value: "TIME",
      help: "with --sample, how long spans wait on disk for one that keeps their trace (default 10s)",
    },
    ...clickhouseRows,
    {
      name: "propagate",
      rare: true,
      help: "put a traceparent into services' requests without TLS that have none: it changes what goes over the wire",
    },
    { name: "no-web", rare: true, help: "serve the API without the page" },
    { name: "demo", help: "start a small shop with traffic beside it, and stop it at the end" },
  ],
  examples: [
    "go3s up --demo",
    "go3s up --probe examples/tcp-connect.go3s",
    "go3s up --sample 0.1 --sample-slow 500ms",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  if (parsed.positionals.length > 0)
    throw new CliError("usage", `"${parsed.positionals[0]}": up takes options only`);
  const host = parsed.text("host") ?? "127.0.0.1";
  // Before anything is opened: a wrong probe is a wrong command line.
  const probes = parsed.list("probe").map((path) => readProbe(path, context.output.note));
  if (probes.length > 0 && parsed.flag("no-agent"))
    throw new CliError("usage", "--probe needs the agent", "leave out --no-agent");
  for (const flag of ["goroutines", "allocations", "api-spans", "propagate"])
    if (parsed.flag(flag) && parsed.flag("no-agent"))
      throw new CliError("usage", `--${flag} needs the agent`, "leave out --no-agent");
  const functions = functionOption(parsed);
  const logs = logOption(parsed);
  if (logs !== undefined && parsed.flag("no-agent"))
    throw new CliError("usage", "--logs needs the agent", "leave out --no-agent");
  if (functions !== undefined && parsed.flag("no-agent"))
    throw new CliError("usage", "--func needs the agent", "leave out --no-agent");
  const ports = {
    web: portOption(parsed, "web-port", 7303),
    otlpHttp: portOption(parsed, "otlp-http-port", 4318),
    otlpGrpc: portOption(parsed, "otlp-grpc-port", 4317),
  };
  const sample = sampleOption(parsed);
  const clickhouse = clickhouseOption(parsed);
  const ways = { jaeger: jaegerOption(parsed), scrape: scrapeOption(parsed) };
  const closing = newClosing();
  try {
    await open({ parsed, context, host, ports, probes, functions, logs, sample, clickhouse, ways, closing });
    await aborted(context.interrupted);
    context.output.note("stopping: everything that was accepted is kept …");
    return exitCodes.done;
  } finally {
    await closing.all();
  }
}

interface Opening {
  readonly parsed: Parsed;
  readonly context: Context;
  readonly host: string;
  readonly ports: { readonly web: number; readonly otlpHttp: number; readonly otlpGrpc: number };
  readonly probes: readonly ProbeObject[];
  readonly functions: FunctionOptions | undefined;
  readonly logs: LogOptions | undefined;
  readonly sample: ServerOptions["sample"];
  readonly clickhouse: RemoteOptions | undefined;
  readonly ways: { readonly jaeger: ServerOptions["jaeger"]; readonly scrape: ServerOptions["scrape"] };
  readonly closing: Closing;
}

/** open starts the parts in the order in which they need each other; what it opened is closed by `closing`, backwards. */
async function open(opening: Opening): Promise<void> {
  const { parsed, context, host, ports, probes, functions, logs, sample, clickhouse, ways, closing } =
    opening;
  const { output, interrupted } = context;
  const agentSample = agentSampleOption(parsed, "agent-sample", "agent-sample-errors");
  const budget = budgetOption(parsed);
  const data = dataDirectory(parsed.text("data"));
  makeDataDirectory(data);
  markParts(partMarker);
  const store = await openStore({
    dir: data,
    retention: retentionOption(parsed.text("retention")),
    onNotice: output.note,
    ...(clickhouse === undefined ? {} : { clickhouse }),
  });
  closing.defer(() => store.close());
  let agent: AgentChild | undefined;
  const tenantAttribute = parsed.text("tenant-attribute");
  const token = keptToken(data);
  const server = await startServer({
    store,
    folder: data,
    host,
    ports,
    allowedHosts: allowedHosts(parsed.list("allow-host"), host),
    probes: openProbePort(),
    ...(token === undefined ? {} : { token }),
    ...(parsed.flag("allow-control") ? { allowControl: true } : {}),
    // Who starts it by sudo opens the page as the user they are.
    ...(/^\d+$/.test(environment.startedBy) ? { controlUsers: [Number(environment.startedBy)] } : {}),
    ...page(parsed, context),
    ...(sample === undefined ? {} : { sample }),
    ...(tenantAttribute === undefined ? {} : { tenantAttribute }),
    ...(ways.jaeger === undefined ? {} : { jaeger: ways.jaeger }),
    ...(ways.scrape === undefined ? {} : { scrape: ways.scrape }),
    agentStatus: () => agentStatus(agent?.state()),
    agentSampling(change) {
      if (agent === undefined) return undefined;
      agent.sample(changedSampling(agent.sampling, change));
      return sampleAnswer(agent.sampling);
    },
  });
  closing.defer(() => server.close());
  const { web, otlp_http, otlp_grpc } = server.addresses;
  const asked = server.token === undefined ? {} : { token: server.token };
  if (server.token !== undefined && server.token !== token) keepToken(data, server.token);
  closing.defer(announceRunning(data, { pid: process.pid, web, otlp_http, otlp_grpc, ...asked }));
  if (!parsed.flag("no-agent")) {
    // It closes before the ports do: what it still has is sent, acknowledged and kept.
    const not = excludeOption(parsed);
    const kubeconfig = parsed.text("kubeconfig");
    const started = startAgentChild(otlp_http, probes, {
      goroutines: parsed.flag("goroutines"),
      allocations: parsed.flag("allocations"),
      apiSpans: parsed.flag("api-spans"),
      propagate: parsed.flag("propagate"),
      ...(functions === undefined ? {} : { functions }),
      ...(agentSample === undefined ? {} : { sampling: agentSample }),
      ...(budget === undefined ? {} : { budget }),
      ...(logs === undefined ? {} : { logs }),
      ...(not === undefined ? {} : { not }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
    });
    agent = started;
    closing.defer(() => started.close());
    if (!output.json) void started.first.then((state) => tellAgent(state, context));
  }
  if (interrupted.aborted) return;
  if (output.json)
    output.value({ event: "ready", web, otlp_http, otlp_grpc, data, pid: process.pid, ...asked });
  else {
    greet(context, server, data);
    if (clickhouse !== undefined)
      output.line(`tables       ${new URL(clickhouse.url).origin}; what waits for it lies with the data`);
    const { scrape } = server.status();
    if (scrape !== undefined)
      output.line(`scraping     ${parsed.text("scrape")}: see ${web}/api/v1/scrape/targets`);
  }
  if (parsed.flag("demo")) {
    const shop = await openShop(join(data, "demo"), output.note);
    closing.defer(() => shop.close());
    output.note(
      `demo shop    ${shop.processes.map(({ service, runtime }) => `${service} (${runtime})`).join(", ")}`,
    );
  }
}

function page(parsed: Parsed, { output }: Context): { webRoot?: string } {
  if (parsed.flag("no-web")) return {};
  const folder = pageFolder();
  if (folder === undefined)
    output.note("the page is not built (npm run build makes it); the API works without it");
  return folder === undefined ? {} : { webRoot: folder };
}

function greet({ output }: Context, { addresses, token }: RunningServer, data: string): void {
  const { paint } = output;
  output.line(`${paint.bold("Go3s")} is ready: ${paint.cyan(openable(addresses.web, token))}`);
  if (token !== undefined)
    output.line(
      `token        ${token} (in ${join(data, "token")}); other machines send it as Authorization: Bearer, OTLP too. Nothing is encrypted here: put a proxy with TLS before it`,
    );
  output.line(`OTLP         ${addresses.otlp_http} (HTTP), ${addresses.otlp_grpc} (gRPC)`);
  const jaeger = [addresses.jaeger_http, ...(addresses.jaeger_udp ?? [])].filter(
    (each) => each !== undefined,
  );
  if (jaeger.length > 0) output.line(`Jaeger       ${jaeger.join(", ")}`);
  output.line(`data         ${data}`);
}

/** tellAgent says what is seen, or exactly what is missing for it. */
function tellAgent(state: AgentChildState, { output }: Context): void {
  if (state.state === "failed") {
    output.note(`${output.paint.yellow("not observing")}: ${state.message}`);
    tellMissing(state.missing, output);
    if (state.missing.length === 0 && state.hint !== "") output.note(`             ${state.hint}`);
    output.note("             OTLP, SQL and the page work all the same");
    return;
  }
  if (state.state !== "running") return;
  const { report } = state;
  tellMissing(report.missing, output);
  const watched = report.processes.filter((process) => process.watched);
  const go = watched.filter((process) => process.runtime.startsWith("go"));
  const names = [...new Set(go.map((process) => process.serviceName))].slice(0, 8).join(", ");
  output.line(
    `observing    ${watched.length} processes, ${go.length} of them Go${names === "" ? "" : ` (${names})`}, ${report.probes} probes, every TCP connection`,
  );
  for (const { probe, becomes } of state.probes) output.line(`probe        ${probe}: ${becomes.join("; ")}`);
  if (go.length === 0)
    output.line(
      "             start a Go HTTP service and its requests appear by themselves; npm start -- --demo brings a shop",
    );
  output.line(output.paint.dim("Ctrl-C stops and detaches everything"));
}

function tellMissing(parts: readonly MissingRights[], output: Context["output"]): void {
  for (const { what, why, hint } of parts)
    output.note(`${output.paint.yellow("missing")}      ${what}: ${why}${hint === "" ? "" : ` (${hint})`}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
