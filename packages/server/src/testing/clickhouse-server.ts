import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerConfig } from "./clickhouse-database.js";
import type { Fault, ProgramMessage } from "./clickhouse-program.js";

const PROGRAM = new URL("./clickhouse-program.js", import.meta.url);

/** TestClickHouse is a ClickHouse server of a test, in a process of its own. */
export class TestClickHouse {
  readonly user = "tester";
  readonly password = "pass'word";
  readonly #directory = mkdtempSync(join(tmpdir(), "go3s-clickhouse-"));
  readonly #config: Pick<ServerConfig, "hasRole" | "version">;
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(config: Pick<ServerConfig, "hasRole" | "version">) {
    this.#config = config;
  }

  static async start(config: Partial<ServerConfig> = {}): Promise<TestClickHouse> {
    const server = new TestClickHouse({ hasRole: true, ...config });
    try {
      await server.up();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** up starts it on the port it had. */
  async up(): Promise<void> {
    const child = fork(PROGRAM, [], { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child = child;
    const { user, password } = this;
    const config = { directory: this.#directory, user, password, ...this.#config };
    const said = await this.#ask({ op: "open", config, port: this.#port });
    if (said.op !== "listening")
      throw new Error(`the test's ClickHouse does not start: ${JSON.stringify(said)}`);
    this.#port = said.port;
  }

  /** fault lets the next insert's connection break. */
  async fault(fault: Fault): Promise<void> {
    await this.#ask({ op: "fault", fault });
  }

  /** down ends it as a crash would. */
  async down(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }

  async #ask(message: ProgramMessage): Promise<ProgramMessage> {
    const child = this.#child;
    if (child === undefined) throw new Error("the test's ClickHouse is not up");
    const answered = Promise.race([
      once(child, "message").then(([said]) => said as ProgramMessage),
      once(child, "exit").then(
        ([code, signal]): ProgramMessage => ({ op: "failed", text: `${code} ${signal}` }),
      ),
    ]);
    child.send(message);
    return answered;
  }
}
