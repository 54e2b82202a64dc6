import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AgentReport, DeclaredReport, SamplingOptions } from "@go3s/agent";
import {
  type AgentSampleOrder,
  type AgentStart,
  type AgentStop,
  type AgentWanted,
  isAgentTold,
} from "./agent-messages.js";
import type { ProbeObject } from "./declared-probe.js";
import type { MissingRights } from "./rights.js";

/** AgentChildState is what the server knows of its agent process. */
export type AgentChildState =
  | { readonly state: "starting" }
  | {
      readonly state: "running";
      readonly pid: number;
      readonly report: AgentReport;
      readonly probes: readonly DeclaredReport[];
    }
  | {
      readonly state: "failed";
      readonly message: string;
      readonly hint: string;
      readonly missing: readonly MissingRights[];
    };

/** AgentChild is the agent's process, started again when it dies by itself. */
export interface AgentChild {
  state(): AgentChildState;
  /** first resolves with the first state that is not "starting". */
  readonly first: Promise<AgentChildState>;
  /** sampling says which requests are told; sample() changes it live. */
  readonly sampling: SamplingOptions;
  sample(sampling: SamplingOptions): void;
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("./agent-process.js", import.meta.url));
// V8's young generation takes up to 48 MB by itself where little of it survives.
const memoryOptions = ["--max-semi-space-size=4"];
// A process that dies at once again is tried less and less often.
const restart = { firstMs: 500, mostMs: 30_000 } as const;
const closeMs = 8000;

/** startAgentChild starts the process that sends what it sees, and what the probes tell, to `otlpUrl`. */
export function startAgentChild(
  otlpUrl: string,
  probes: readonly ProbeObject[] = [],
  wanted: AgentWanted = {},
): AgentChild {
  let { sampling } = wanted;
  let state: AgentChildState = { state: "starting" };
  let child: ChildProcess | undefined;
  let closed = false;
  let delay: number = restart.firstMs;
  let timer: NodeJS.Timeout | undefined;
  let settle: (state: AgentChildState) => void = () => undefined;
  const first = new Promise<AgentChildState>((resolve) => {
    settle = resolve;
  });

  const objects = probes.map(({ name, object }) => ({
    name,
    object: Buffer.from(object).toString("base64"),
  }));

  const become = (next: AgentChildState): void => {
    state = next;
    if (next.state !== "starting") settle(next);
  };

  const start = (): void => {
    // stdin stays closed; what the process prints by accident must not mix with our --json lines.
    const started = fork(program, [], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [...process.execArgv, ...memoryOptions],
    });
    child = started;
    let refused = false;
    started.on("message", (message) => {
      if (!isAgentTold(message)) return;
      if (message.type === "report") {
        delay = restart.firstMs;
        become({ state: "running", pid: started.pid ?? 0, report: message.report, probes: message.probes });
      } else {
        refused = true;
        become({ ...message, state: "failed" });
      }
    });
    started.once("exit", (code, signal) => {
      child = undefined;
      // What the kernel or our rights refuse will be refused again: no use in trying.
      if (closed || refused) return;
      const how = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
      become({
        state: "failed",
        message: `the agent ${how}`,
        hint: `it is started again in ${delay / 1000} s`,
        missing: [],
      });
      timer = setTimeout(start, delay);
      delay = Math.min(delay * 2, restart.mostMs);
    });
    const order: AgentStart = {
      type: "start",
      otlpUrl,
      exclude: [process.pid],
      probes: objects,
      ...wanted,
      ...(sampling === undefined ? {} : { sampling }),
    };
    started.send(order);
  };
  start();

  return {
    state: () => state,
    first,
    get sampling() {
      return sampling ?? { share: 1 };
    },
    sample(next) {
      // One that is starting, or is started again, begins with it.
      sampling = next;
      if (child?.connected === true)
        child.send({ type: "sample", sampling: next } satisfies AgentSampleOrder);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      const running = child;
      if (running === undefined) return;
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => running.kill("SIGKILL"), closeMs);
        running.once("exit", () => {
          clearTimeout(force);
          resolve();
        });
        if (running.connected) running.send({ type: "stop" } satisfies AgentStop, () => undefined);
      });
    },
  };
}
