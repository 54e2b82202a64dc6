import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtobuf, ExportTraceServiceRequest, type ScopeSpans, type Span } from "@go3s/telemetry";
import type { Exporter } from "../export/exporter.js";
import { listening } from "./listening.js";
import { eventually } from "./wait.js";

/** LivePeer is a real server, started for one test. */
export interface LivePeer {
  readonly pid: number;
  /** folder holds its socket and data. */
  readonly folder: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** whyNoPeer says what is missing to observe a program; false when all is there. */
export function whyNoPeer(...programs: readonly (string | undefined)[]): string | false {
  if (process.getuid?.() !== 0) return "needs root to load probes";
  const missing = programs.find((name) => name === undefined || spawnSync("which", [name]).status !== 0);
  if (missing !== undefined) return `needs ${missing}`;
  return programs.includes(undefined) ? "needs a server that is not installed" : false;
}

/** postgresPrograms is the folder of PostgreSQL's programs, which Debian keeps off the path; undefined when there is none. */
export function postgresPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  return versions
    .map((version) => join(root, version, "bin"))
    .find((bin) => existsSync(join(bin, "postgres")));
}

/** freePort gives a port that nobody listens on; somebody may take it before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}

/** startRedis starts a redis-server on a free port. */
export async function startRedis(): Promise<LivePeer> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-redis-"));
  // Somebody may take the port between looking and listening: then another one.
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const child = spawn(
      "redis-server",
      ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let said = "";
    child.stdout.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const isReady = await eventually(
      "redis-server",
      () =>
        said.includes("eady to accept connections") ? "yes" : child.exitCode !== null ? "no" : undefined,
      20,
    );
    if (isReady === "yes") return peerOf(child, folder, port, "SIGKILL");
    if (tries === 3) throw new Error(`redis-server did not start: ${said}`);
  }
}

/** startMemcached starts a memcached on a free port. */
export async function startMemcached(): Promise<LivePeer> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-memcached-"));
  for (let tries = 0; ; tries++) {
    const port = await freePort();
    const flags = ["-p", String(port), "-U", "0", "-l", "127.0.0.1", "-u", "nobody"];
    const child = spawn("memcached", flags, { stdio: "ignore" });
    // It says nothing when it is ready.
    while (child.exitCode === null) {
      if (await answers(port)) return peerOf(child, folder, port, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (tries === 3) throw new Error("memcached did not start");
  }
}

/** answers says whether somebody listens on a port. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** startPostgres starts a server that listens on a socket in its folder, and on a port of 127.0.0.1 if one is given. */
export async function startPostgres(bin: string, tcpPort?: number): Promise<LivePeer> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-pg-"));
  const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "postgres"]).toString()));
  if (uid === undefined || gid === undefined) throw new Error("there is no user postgres");
  chownSync(folder, uid, gid);
  const data = join(folder, "data");
  const asUser = { uid, gid, cwd: folder };
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], {
    ...asUser,
    stdio: "pipe",
  });
  const port = tcpPort ?? 5432;
  const addresses = tcpPort === undefined ? "" : "127.0.0.1";
  const where = ["-k", folder, "-p", String(port), "-c", `listen_addresses=${addresses}`];
  const child = spawn(join(bin, "postgres"), ["-D", data, ...where, "-c", "fsync=off"], {
    ...asUser,
    stdio: ["ignore", "ignore", "ignore"],
  });
  const isReady = () =>
    spawnSync("psql", ["-h", folder, "-p", String(port), "-U", "postgres", "-X", "-c", ""], {
      stdio: "ignore",
    }).status === 0;
  await eventually("postgres", isReady, 30);
  return peerOf(child, folder, port, "SIGINT");
}

/** startMariadb starts a server that listens on a socket in its folder only. */
export async function startMariadb(): Promise<LivePeer> {
  const folder = mkdtempSync(join(tmpdir(), "go3s-my-"));
  chmodSync(folder, 0o755);
  const data = join(folder, "data");
  // A server that starts takes away the temporary tables of all others that share its folder for them.
  const flags = ["--no-defaults", `--datadir=${data}`, `--tmpdir=${folder}`, "--user=root"];
  execFileSync("mariadb-install-db", [...flags, "--auth-root-authentication-method=normal"], {
    stdio: "pipe",
  });
  const socket = join(folder, "socket");
  const child = spawn("mariadbd", [...flags, `--socket=${socket}`, "--skip-networking"], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const isReady = () =>
    spawnSync("mariadb", ["--no-defaults", "-S", socket, "-u", "root", "-e", ""], { stdio: "ignore" })
      .status === 0;
  await eventually("mariadbd", isReady, 30);
  return peerOf(child, folder, 3306, "SIGKILL");
}

function peerOf(child: ChildProcess, folder: string, port: number, signal: NodeJS.Signals): LivePeer {
  const exited = once(child, "exit");
  return {
    pid: child.pid ?? 0,
    folder,
    port,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** WaitingProgram is a process that becomes the program when it is told to: so its first byte can be observed. */
export interface WaitingProgram {
  readonly pid: number;
  /** run starts the program and waits for its end; `input` is what it reads. Gives what it wrote. */
  run(input?: string): Promise<string>;
  stop(): void;
}

/** prepareProgram starts a shell that waits for a line and then executes the command in its own process. */
export function prepareProgram(command: readonly string[]): WaitingProgram {
  const child = spawn("sh", ["-c", 'read _; exec "$@"', "sh", ...command], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      said += text.toString();
    });
  const ended = once(child, "close");
  return {
    pid: child.pid ?? 0,
    async run(input = "") {
      child.stdin.end(`go\n${input}`);
      await ended;
      return said;
    },
    stop: () => void child.kill("SIGKILL"),
  };
}

/** SpanCollector is an exporter that keeps spans. */
export interface SpanCollector {
  readonly exporter: Exporter;
  readonly spans: readonly Span[];
  /** scopeOf gives the scope that a span came in. */
  scopeOf(span: Span): ScopeSpans | undefined;
}

/** newSpanCollector makes an empty one. */
export function newSpanCollector(): SpanCollector {
  const spans: Span[] = [];
  const scopes = new Map<Span, ScopeSpans>();
  return {
    spans,
    scopeOf: (span) => scopes.get(span),
    exporter: {
      send(signal, body) {
        if (signal !== "traces") return;
        for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
          for (const scope of group.scopeSpans)
            for (const span of scope.spans) {
              spans.push(span);
              scopes.set(span, scope);
            }
      },
      stats: () => ({ sentItems: spans.length, sentBytes: 0, waitingBytes: 0, dropped: {} }),
      close: async () => undefined,
    },
  };
}

/** attributeOf gives an attribute's value as text; "" when it is not there. */
export function attributeOf(span: Pick<Span, "attributes">, name: string): string {
  const value = span.attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? (value?.intValue === undefined ? "" : String(value.intValue));
}
