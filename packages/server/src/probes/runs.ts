import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { ProbeOrder, ProbeRun } from "../api/probe-types.js";
import { ServerError } from "../errors.js";
import type { ProbePort } from "./port.js";
import { Run } from "./run.js";

/** RunsOptions change how long a run goes on without a page; for tests. */
export interface RunsOptions {
  readonly grace_ms?: number;
}

/** Runs are the probes that the page runs. */
export interface Runs {
  list(): readonly ProbeRun[];
  /** start throws "too-many". */
  start(order: ProbeOrder): ProbeRun;
  /** stop and attach throw "not-found". */
  stop(id: string): Promise<ProbeRun>;
  attach(id: string, response: ServerResponse): void;
  /** close stops all of them. */
  close(): Promise<void>;
}

const graceMs = 10_000;
// Each is a process of its own of about 60 MB.
const mostAtOnce = 4;
const overKept = 12;

/** createRuns runs probes by a port. */
export function createRuns(port: ProbePort, { grace_ms = graceMs }: RunsOptions = {}): Runs {
  const runs = new Map<string, Run>();
  const found = (id: string): Run => {
    const run = runs.get(id);
    if (run !== undefined) return run;
    throw new ServerError("not-found", `there is no run ${id.slice(0, 40)}`, {
      hint: "runs that are over are kept until twelve newer ones are",
    });
  };
  const forget = (): void => {
    const over = [...runs.values()].filter((run) => run.isOver);
    for (const run of over.slice(0, Math.max(0, over.length - overKept))) runs.delete(run.state.id);
  };
  let closed = false;
  return {
    list: () => [...runs.values()].map((run) => run.state).reverse(),
    start(order) {
      if (closed) throw new ServerError("shutting-down", "the server is stopping", { retryAfterSeconds: 5 });
      const active = [...runs.values()].filter((run) => !run.isOver).length;
      if (active >= mostAtOnce)
        throw new ServerError("too-many", `${mostAtOnce} probes run already`, {
          hint: "stop one of them",
          retryAfterSeconds: 5,
        });
      const id = randomBytes(9).toString("base64url");
      const run = new Run({ id, order, port, grace_ms, onEnd: forget });
      runs.set(id, run);
      return run.state;
    },
    async stop(id) {
      const run = found(id);
      await run.stop("stopped");
      return run.state;
    },
    attach: (id, response) => found(id).attach(response),
    async close() {
      closed = true;
      await Promise.all([...runs.values()].map((run) => run.stop("server")));
      await port.close();
    },
  };
}
