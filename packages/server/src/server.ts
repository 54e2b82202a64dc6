import type { Store } from "@go3s/store";
import type { ApiContext } from "./api/context.js";
import type { AgentStatus, StatusAnswer } from "./api/types.js";
import { createClickHousePort } from "./clickhouse/port.js";
import { createCounters } from "./counters.js";
import { type JaegerPorts, listenJaeger, type RunningJaeger } from "./foreign/jaeger-ports.js";
import { gaugesOf } from "./gauges.js";
import { createJaegerPort } from "./jaeger/port.js";
import { closeHttp, listen, urlHost } from "./listening.js";
import type { ProbePort } from "./probes/port.js";
import { createRuns, type RunsOptions } from "./probes/runs.js";
import { createPrometheusPort } from "./prometheus/port.js";
import { createEngine } from "./query/engine.js";
import { createDecoders } from "./receive/decoders.js";
import type { UnaryServer } from "./receive/grpc/server.js";
import { listenOtlpGrpc } from "./receive/grpc.js";
import { letHeapGrow, startCollections } from "./receive/heap.js";
import { createOtlpHttp } from "./receive/http.js";
import { createIntake } from "./receive/intake.js";
import { createBufferPool } from "./receive/pool.js";
import type { Receiver } from "./receive/receiver.js";
import { createSamplingIntake, startDecider } from "./sample/intake.js";
import type { SampleOptions } from "./sample/sampler.js";
import type { ScrapeConfig } from "./scrape/config.js";
import { scrapeGauges } from "./scrape/gauges.js";
import { createScraper, type Scraper } from "./scrape/scraper.js";
import { createSlowQueries, watchQueries } from "./slow-queries.js";
import { createStatusBoard, noAgent } from "./status.js";
import { createTempoPort } from "./tempo/port.js";
import { version } from "./version.js";
import { admitSender, createAccess } from "./web/access.js";
import type { AgentSampling } from "./web/agent-sample.js";
import { type GuardOptions, guardOrigin } from "./web/guard.js";
import { createQueryPort } from "./web/query.js";
import { createWebServer } from "./web/server.js";
import { createStaticFiles } from "./web/static.js";
import { createLiveStream } from "./web/stream.js";

/** ServerOptions are what a server is started with. */
export interface ServerOptions {
  readonly store: Store;
  /** The address to listen on, default 127.0.0.1. On any other one a token is asked for: RunningServer.token. */
  readonly host?: string;
  /** Other names that lead here and may stand in Host and Origin, such as a proxy's; one that is not loopback's makes a token needed. */
  readonly allowedHosts?: readonly string[];
  /** The token to ask for where one is needed; left out: a random one. */
  readonly token?: string;
  /** Whether probes may be run and sampling be changed over the web port; left out: on loopback, by the server's user and root. */
  readonly allowControl?: boolean;
  /** Other users that may do so on loopback. */
  readonly controlUsers?: readonly number[];
  /** Ports, default 7303, 4318 and 4317; 0 takes any free one. */
  readonly ports?: { readonly web?: number; readonly otlpHttp?: number; readonly otlpGrpc?: number };
  /** The folder that everything is kept in, to be told. */
  readonly folder?: string;
  /** The folder of the built page; without it the web port serves the API only. */
  readonly webRoot?: string;
  /** What the agent tells about itself; without it the status says that there is none. */
  readonly agentStatus?: () => AgentStatus;
  /** Changes what the agent tells; without it there is nothing to change. */
  readonly agentSampling?: AgentSampling;
  /** Compiles and runs probes; without it the page says that none can be run. */
  readonly probes?: ProbePort;
  readonly probeRuns?: RunsOptions;
  /** Bytes of one OTLP body, as sent and decompressed; default 64 MiB. */
  readonly bodyBytesMax?: number;
  /** Ports that Jaeger's clients know, 0 takes any free one; left out: its spans come over the OTLP ports only. */
  readonly jaeger?: JaegerPorts;
  /** Targets to scrape, as readScrapeConfig reads them. */
  readonly scrape?: ScrapeConfig;
  /** What is kept of spans; left out: everything. */
  readonly sample?: SampleOptions;
  /** The attribute of a resource that says whose data it is; left out: all is of the tenant `default`. */
  readonly tenantAttribute?: string;
}

/** RunningServer is a server that listens. */
export interface RunningServer {
  /** `otlp_grpc` is HOST:PORT, the others are URLs. */
  readonly addresses: StatusAnswer["addresses"];
  readonly status: () => StatusAnswer;
  /** What must be known to read anything; undefined where only this machine reaches the server. */
  readonly token: string | undefined;
  /** close stops accepting, finishes what was begun (5 s at most), and leaves the store open and flushed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const defaultBodyBytes = 64 << 20;
const grpcStreams = 64;
const inflightBytes = 512 << 20;
const graceMs = 5_000;

/**
 * startServer listens on three ports: the page and its API, OTLP/HTTP, OTLP/gRPC. Rejects with ServerError "cannot-listen"; then
 * nothing is left open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, host = "127.0.0.1", ports = {} } = options;
  letHeapGrow();
  const collections = startCollections();
  const counters = createCounters();
  const { tenantAttribute } = options;
  const reading = tenantAttribute === undefined ? {} : { tenantAttribute };
  const everything = createIntake(store, createDecoders(reading));
  const sampling =
    options.sample === undefined
      ? undefined
      : await createSamplingIntake(everything, store.undecided, { ...options.sample, ...reading }, counters);
  // What an earlier run that sampled left is decided as that run would have done it.
  const decider = sampling === undefined ? await startDecider(store.undecided, counters, reading) : undefined;
  const intake = sampling ?? everything;
  const allowedHosts = (options.allowedHosts ?? []).map((name) => name.toLowerCase());
  const guard: GuardOptions = { host, allowedHosts };
  const { token, allowControl: control, controlUsers } = options;
  const access = createAccess({ ...guard, token, control, controlUsers });
  const receiver: Receiver = {
    intake,
    counters,
    admit(socket, headers) {
      guardOrigin({ headers, method: "POST", url: "/v1/" }, guard, headers.host ?? "");
      admitSender(access, socket, headers);
    },
  };
  const runs = options.probes === undefined ? undefined : createRuns(options.probes, options.probeRuns);
  const slow = createSlowQueries();
  const queried = watchQueries(store, slow);
  let closing = false;
  let scraper: Scraper | undefined;
  const addresses: Writable<StatusAnswer["addresses"]> = { web: "", otlp_http: "", otlp_grpc: "" };
  const board = createStatusBoard({
    counters,
    stats: () => store.stats(),
    agent: options.agentStatus ?? (() => noAgent),
    addresses: () => addresses,
    version: version(),
    folder: options.folder,
    asksToken: access.token !== undefined,
    closing: () => closing,
    sampling: () => sampling?.status() ?? null,
    slowest: () => slow.list(),
    scrape: () => scraper?.targets(),
  });
  const stream = createLiveStream(board.status, () => store.stats().rowsInserted);
  const context: ApiContext = {
    engine: createEngine(queried),
    counters,
    status: board.status,
    history: board.history,
    scrape: () => ({ targets: scraper?.targets() ?? [], problems: scraper?.problems() ?? [] }),
  };
  const limits = { bodyBytes: options.bodyBytesMax ?? defaultBodyBytes, inflightBytes };
  const reader = { limits, pool: createBufferPool(), inflight: 0 };
  const otlpHttp = createOtlpHttp(receiver, reader);
  const web = createWebServer({
    guard,
    access,
    probes: options.probes === undefined || runs === undefined ? undefined : { port: options.probes, runs },
    context,
    queries: createQueryPort(queried, counters),
    clickhouse: createClickHousePort(queried, counters),
    prometheus: createPrometheusPort(context.engine, counters, version()),
    jaeger: createJaegerPort(context.engine, counters),
    tempo: createTempoPort(context.engine, counters, version()),
    stream,
    files: options.webRoot === undefined ? undefined : createStaticFiles(options.webRoot),
    gauges: () => [...gaugesOf(board.status(), store.stats()), ...scrapeGauges(scraper?.targets() ?? [])],
    notReady: () => board.readiness().reason,
    agentSampling: options.agentSampling,
  });
  let grpc: UnaryServer | undefined;
  let jaeger: RunningJaeger | undefined;
  const stop = async () => {
    closing = true;
    collections.close();
    stream.close();
    board.close();
    // A probe ends with the server: what it attached is gone before the ports are.
    await runs?.close();
    await Promise.all([
      closeHttp(web, graceMs),
      closeHttp(otlpHttp, graceMs),
      grpc?.close(graceMs),
      jaeger?.close(graceMs),
      scraper?.close(),
    ]);
    await sampling?.close();
    await decider?.close();
    await intake.idle();
  };
  try {
    const webPort = await listen(web, "the page", host, ports.web ?? 7303);
    const httpPort = await listen(otlpHttp, "OTLP/HTTP", host, ports.otlpHttp ?? 4318);
    const grpcLimits = { streamsPerConnection: grpcStreams };
    grpc = await listenOtlpGrpc(receiver, reader, grpcLimits, host, ports.otlpGrpc ?? 4317);
    // A datagram brings no token: where one is needed, those of this machine are taken.
    const udpHost = access.token === undefined ? host : "127.0.0.1";
    jaeger = await listenJaeger(receiver, reader, host, udpHost, options.jaeger ?? {});
    const named = urlHost(host);
    addresses.web = `http://${named}:${webPort}`;
    addresses.otlp_http = `http://${named}:${httpPort}`;
    addresses.otlp_grpc = `${named}:${grpc.port}`;
    Object.assign(addresses, jaeger.addresses);
    if (options.scrape !== undefined) scraper = createScraper(options.scrape, receiver);
  } catch (error) {
    await stop();
    throw error;
  }
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= stop();
    return closed;
  };
  return { addresses, status: board.status, token: access.token, close, [Symbol.asyncDispose]: close };
}
