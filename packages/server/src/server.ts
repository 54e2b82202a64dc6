import { type Store } from "@go3s/store";
import { createDecoders } from "./receive/decoders.js";
import type { ApiContext } from "./api/context.js";
import type { AgentStatus, StatusAnswer } from "./api/types.js";
import { createClickHousePort } from "./clickhouse/port.js";
import { createCounters } from "./counters.js";
import { ServerError, textOf } from "./errors.js";
import { gaugesOf } from "./gauges.js";
import { createEngine } from "./query/engine.js";
import { listenOtlpGrpc, type OtlpGrpc } from "./receive/grpc.js";
import { createOtlpHttp } from "./receive/http.js";
import { createIntake } from "./receive/intake.js";
import { createBufferPool } from "./receive/pool.js";
import { createSamplingIntake, startDecider } from "./sample/intake.js";
import type { SampleOptions } from "./sample/sampler.js";
import { createSlowQueries, watchQueries } from "./slow-queries.js";
import { createStatusBoard, noAgent } from "./status.js";
import { version } from "./version.js";
import { createQueryPort } from "./web/query.js";
import { createWebServer } from "./web/server.js";
import { createStaticFiles } from "./web/static.js";
import { createLiveStream } from "./web/stream.js";

/** ServerOptions are what a server is started with. */
export interface ServerOptions {
  readonly store: Store;
  /** The address to listen on, default 127.0.0.1. There is no log-in: whoever reaches another address reads everything. */
  readonly host?: string;
  /** Other names that lead here and may stand in Host and Origin, such as a proxy's. */
  readonly allowedHosts?: readonly string[];
  /** Ports, default 7303, 4318 and 4317; 0 takes any free one. */
  readonly ports?: { readonly web?: number; readonly otlpHttp?: number; readonly otlpGrpc?: number };
  /** The folder of the built page; without it the web port serves the API only. */
  readonly webRoot?: string;
  /** What the agent tells about itself; without it the status says that there is none. */
  readonly agentStatus?: () => AgentStatus;
  /** Bytes of one OTLP body, as sent and decompressed; default 64 MiB (16 MiB over gRPC). */
  readonly bodyBytesMax?: number;
  /** What is kept of spans; left out: everything. */
  readonly sample?: SampleOptions;
}

/** RunningServer is a server that listens. */
export interface RunningServer {
  /** `otlp_grpc` is HOST:PORT, the others are URLs. */
  readonly addresses: StatusAnswer["addresses"];
  readonly status: () => StatusAnswer;
  /** close stops accepting, finishes what was begun (5 s at most), and leaves the store open and flushed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const defaultBodyBytes = 64 << 20;
// gRPC buffers a message per stream before we see it, so its bound is smaller: 64 streams of 16 MiB are 1 GiB a connection.
const grpcMessageBytes = 16 << 20;
const grpcStreams = 64;
const inflightBytes = 512 << 20;
const graceMs = 5_000;

/**
 * startServer listens on three ports: the page and its API, OTLP/HTTP, OTLP/gRPC. Rejects with ServerError "cannot-listen"; then
 * nothing is left open.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { store, host = "127.0.0.1", ports = {} } = options;
  const counters = createCounters();
  const everything = createIntake(store, createDecoders());
  const sampling =
    options.sample === undefined
      ? undefined
      : await createSamplingIntake(everything, store.undecided, options.sample, counters);
  // What an earlier run that sampled left is decided as that run would have done it.
  const decider = sampling === undefined ? await startDecider(store.undecided, counters) : undefined;
  const intake = sampling ?? everything;
  const receiver = { intake, counters };
  const slow = createSlowQueries();
  const queried = watchQueries(store, slow);
  let closing = false;
  const addresses = { web: "", otlp_http: "", otlp_grpc: "" };
  const board = createStatusBoard({
    counters,
    stats: () => store.stats(),
    agent: options.agentStatus ?? (() => noAgent),
    addresses: () => addresses,
    version: version(),
    closing: () => closing,
    sampling: () => sampling?.status() ?? null,
    slowest: () => slow.list(),
  });
  const stream = createLiveStream(board.status, () => store.stats().rowsInserted);
  const context: ApiContext = {
    engine: createEngine(queried),
    counters,
    status: board.status,
    history: board.history,
  };
  const limits = { bodyBytes: options.bodyBytesMax ?? defaultBodyBytes, inflightBytes };
  const otlpHttp = createOtlpHttp(receiver, { limits, pool: createBufferPool(), inflight: 0 });
  const web = createWebServer({
    guard: { host, allowedHosts: (options.allowedHosts ?? []).map((name) => name.toLowerCase()) },
    context,
    queries: createQueryPort(queried, counters),
    clickhouse: createClickHousePort(queried, counters),
    stream,
    files: options.webRoot === undefined ? undefined : createStaticFiles(options.webRoot),
    gauges: () => gaugesOf(board.status(), store.stats()),
    notReady: () => board.readiness().reason,
  });
  let grpc: OtlpGrpc | undefined;
  const stop = async () => {
    closing = true;
    stream.close();
    board.close();
    await Promise.all([closeHttp(web), closeHttp(otlpHttp), grpc?.close(graceMs)]);
    await sampling?.close();
    await decider?.close();
    await intake.idle();
  };
  try {
    const webPort = await listen(web, "the page", host, ports.web ?? 7303);
    const httpPort = await listen(otlpHttp, "OTLP/HTTP", host, ports.otlpHttp ?? 4318);
    const messageBytes = Math.min(limits.bodyBytes, grpcMessageBytes);
    const grpcLimits = { messageBytes, streamsPerConnection: grpcStreams };
    grpc = await listenOtlpGrpc(receiver, grpcLimits, host, ports.otlpGrpc ?? 4317);
    const named = urlHost(host);
    addresses.web = `http://${named}:${webPort}`;
    addresses.otlp_http = `http://${named}:${httpPort}`;
    addresses.otlp_grpc = `${named}:${grpc.port}`;
  } catch (error) {
    await stop();
    throw error;
  }
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= stop();
    return closed;
  };
  return { addresses, status: board.status, close, [Symbol.asyncDispose]: close };
}

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function listen(server: Server, what: string, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new ServerError(
          "cannot-listen",
          `cannot listen for ${what} on ${host} port ${port}: ${textOf(error)}`,
          {
            hint: "stop what uses the port or give another one (0 takes any free port)",
            cause: error,
          },
        ),
      );
    });
    // Node ends what is idle when it stops listening; a kept connection that was busy then would stay open.
    server.on("request", (request, response) => {
      response.once("finish", () => {
        if (!server.listening) request.socket.end();
      });
    });
    server.listen(port, host, () => {
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** closeHttp ends idle connections at once, busy ones as soon as they have their answer, all when the grace is over. */
function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(grace);
      resolve();
    });
  });
}
