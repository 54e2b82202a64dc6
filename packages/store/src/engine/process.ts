import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { engineEnvironment } from "../environment.js";
import { messageOf, StoreError } from "../errors.js";
import { identityOf, isRunning, parseIdentity } from "../process-identity.js";
import { storeErrorOf } from "./clickhouse-error.js";
import type { AnswerHandler, Engine, EngineQuery, EngineState, RunningQuery } from "./engine.js";
import type {
  EngineAnswer,
  EngineRequest,
  EngineSettings,
  InsertRequest,
  InsertResult,
  TableSize,
} from "./protocol.js";
import { Readiness } from "./readiness.js";

/** EngineProcessOptions are what an engine process is given. */
export interface EngineProcessOptions {
  readonly settings: EngineSettings;
  /** stateDirectory keeps the file that names the engine's process. */
  readonly stateDirectory: string;
  readonly onNotice: (text: string) => void;
}

/** Omit on a union keeps only the members all have in common; this one works on each member. */
type WithoutId<R> = R extends unknown ? Omit<R, "id"> : never;

/** BACKOFF_MIN_MS to BACKOFF_MAX_MS is waited before the engine is started again, doubled each time it fails. */
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 10_000;
/** START_TRIES is how often the first start is tried before openStore() fails: a lock may still be let go. */
const START_TRIES = 3;
/** STDERR_KEPT bytes of what the engine wrote last are told when it dies. */
const STDERR_KEPT = 4096;
const ORPHAN_WAIT_MS = 10_000;
/** HOPELESS are errors of a start that another try does not mend. */
const HOPELESS: ReadonlySet<string> = new Set(["schema-too-new", "migration-failed"]);

const PROGRAM = new URL("./child.js", import.meta.url);

/**
 * EngineProcess runs the database in a process of its own and keeps it running: a crash of the engine fails what
 * is under way with `engine-lost` and is followed by a new start with back-off. It ends with close().
 */
export class EngineProcess implements Engine {
  readonly #options: EngineProcessOptions;
  readonly #pidFile: string;
  #child: ChildProcess | undefined;
  #state: EngineState = "starting";
  #nextId = 1;
  #pending = new Map<number, AnswerHandler>();
  #wasUp = false;
  #failures = 0;
  #restarts = 0;
  #stderr = "";
  #timer: NodeJS.Timeout | undefined;
  readonly #ready = new Readiness();
  #lastFailure: string | undefined;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
    this.#pidFile = join(options.stateDirectory, "engine.pid");
  }

  get state(): EngineState {
    return this.#state;
  }

  /** restarts counts how often the engine had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** pid of the engine's process, or undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** start brings the engine up and resolves when it takes work; rejects with `engine-start`, `schema-too-new` or `migration-failed`. */
  async start(): Promise<void> {
    await endOrphan(this.#pidFile);
    this.#launch();
    await this.#ready.promise;
  }

  /** ready resolves when the engine takes work, or rejects with `engine-lost` after `timeout_ms`. */
  async ready(timeout_ms: number): Promise<void> {
    if (this.#state === "ready") return;
    if (this.#state === "closed") throw new StoreError("closed", "the store is closed");
    await this.#ready.wait(timeout_ms, () => this.#lastFailure);
  }

  async insert(request: InsertRequest): Promise<InsertResult> {
    return (await this.#call({ op: "insert", request })) as InsertResult;
  }

  query(query: EngineQuery, handler: AnswerHandler): RunningQuery {
    const id = this.#send({ op: "query", ...query }, handler);
    return { more: () => this.#tell("more", id), cancel: () => this.#tell("cancel", id) };
  }

  async sizes(): Promise<readonly TableSize[]> {
    return (await this.#call({ op: "sizes" })) as readonly TableSize[];
  }

  /** close ends the engine in order: what is under way fails, merges stop, files are closed. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const child = this.#child;
    const wasReady = this.#state === "ready";
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#ready.reject(new StoreError("closed", "the store is closed"));
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (wasReady) await this.#call({ op: "close" }).catch(() => undefined);
    const timer = setTimeout(() => child.kill("SIGKILL"), wasReady ? ORPHAN_WAIT_MS : 0);
    await ended;
    clearTimeout(timer);
  }

  /** send asks the engine for something and gives the request's id. */
  #send(request: WithoutId<EngineRequest>, handler: AnswerHandler): number {
    const id = this.#nextId++;
    const child = this.#child;
    if (child === undefined || !child.connected) {
      handler.failed(new StoreError("engine-lost", "the engine is not up"));
      return id;
    }
    this.#pending.set(id, handler);
    // A channel that breaks here is told by the `exit` event, which fails everything that is pending.
    child.send({ ...request, id }, () => undefined);
    return id;
  }

  /** call asks for something that has one answer. */
  #call(request: WithoutId<EngineRequest>): Promise<unknown> {
    return new Promise((done, failed) => this.#send(request, { done, failed }));
  }

  /** tell sends word about a request that is under way. */
  #tell(op: "more" | "cancel", id: number): void {
    if (this.#child?.connected === true && this.#pending.has(id))
      this.#child.send({ op, id }, () => undefined);
  }

  #launch(): void {
    this.#state = "starting";
    this.#stderr = "";
    const child = fork(PROGRAM, [], {
      serialization: "advanced",
      env: engineEnvironment(),
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    if (child.pid !== undefined) {
      writeFileSync(this.#pidFile, `${JSON.stringify(identityOf(child.pid) ?? null)}\n`, { mode: 0o600 });
    }
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    child.on("message", (message) => this.#receive(message as EngineAnswer));
    child.on("error", (error) => this.#ended(child, error.message));
    child.on("exit", (code, signal) => this.#ended(child, signal === null ? `exit ${code}` : signal));
    this.#call({ op: "open", settings: this.#options.settings }).then(
      () => this.#up(),
      (error: unknown) => this.#refused(child, error),
    );
  }

  #up(): void {
    if (this.#state !== "starting") return;
    this.#state = "ready";
    this.#wasUp = true;
    this.#failures = 0;
    this.#ready.resolve();
  }

  #refused(child: ChildProcess, error: unknown): void {
    if (error instanceof StoreError && error.code === "engine-lost") return;
    this.#lastFailure = messageOf(error);
    if (error instanceof StoreError && HOPELESS.has(error.code)) this.#ready.reject(error);
    child.kill("SIGKILL");
  }

  #receive(answer: EngineAnswer): void {
    const handler = this.#pending.get(answer.id);
    if (handler === undefined) return;
    if (answer.type === "chunk") {
      handler.chunk?.(answer.bytes, answer.format);
      return;
    }
    this.#pending.delete(answer.id);
    if (answer.type === "done") handler.done(answer.value);
    else handler.failed(storeErrorOf(answer.error));
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    rmSync(this.#pidFile, { force: true });
    const lost = this.#pending;
    this.#pending = new Map();
    const words = this.#stderr.trim();
    const error = new StoreError(
      "engine-lost",
      `the engine's process ended (${how})${words && `: ${words}`}`,
      {
        hint: "it is started again by itself; nothing that was acknowledged is lost",
      },
    );
    const wasReady = this.#state === "ready";
    for (const handler of lost.values()) handler.failed(error);
    if (this.#state === "closed") return;
    this.#lastFailure ??= error.message;
    if (wasReady) {
      this.#lastFailure = error.message;
      this.#ready.renew();
    }
    this.#state = "waiting";
    this.#failures++;
    this.#restarts++;
    this.#options.onNotice(error.message);
    // Only the first start gives up: later ones are tried for ever, and those who wait have a time of their own.
    if (!this.#wasUp && this.#failures >= START_TRIES) {
      const why = this.#lastFailure ?? how;
      this.#ready.reject(new StoreError("engine-start", `the engine does not start: ${why}`));
    }
    const delay = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => this.#launch(), delay);
  }
}

/**
 * endOrphan ends the engine of a store process that was killed. It ends by itself when its channel breaks; until
 * then it holds the database's own lock, and an insert of its must not finish beside ours.
 */
async function endOrphan(pidFile: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(pidFile, "utf8");
  } catch {
    return;
  }
  const orphan = parseIdentity(text);
  const deadline = performance.now() + ORPHAN_WAIT_MS;
  while (orphan !== undefined && isRunning(orphan)) {
    if (performance.now() > deadline) {
      throw new StoreError(
        "engine-start",
        `the engine of an earlier run (process ${orphan.pid}) does not end`,
      );
    }
    try {
      process.kill(orphan.pid, "SIGKILL");
    } catch {
      // It ended between the two calls.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  rmSync(pidFile, { force: true });
}
