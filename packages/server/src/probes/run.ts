import type { ServerResponse } from "node:http";
import type { ProbeCost, ProbeOrder, ProbeOutput, ProbeRun } from "../api/probe-types.js";
import type { ProbePort, ProbeTold, StartedProbe } from "./port.js";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What a page that comes later, or again, is told: the newest lines, and each map as it stands. */
const linesKept = 2_000;
const nsPerMs = 1e6;
/** A page that began a run comes to look at it, however busy the machine is: it has longer for that than to come again. */
const firstGraces = 3;

/** RunOptions are what a run is given. */
export interface RunOptions {
  readonly id: string;
  readonly order: ProbeOrder;
  readonly port: ProbePort;
  /** How long it goes on without a page that looks at it. */
  readonly grace_ms: number;
  readonly onEnd: () => void;
}

/**
 * Run is one probe: a process that lives as long as its time, its stop button or a page that looks at it, whatever ends first. When
 * no page looks for the grace it is stopped.
 */
export class Run {
  readonly #state: Writable<ProbeRun>;
  readonly #options: RunOptions;
  readonly #pages = new Set<ServerResponse>();
  readonly #lines: ProbeOutput[] = [];
  readonly #maps = new Map<string, ProbeOutput>();
  readonly #process: StartedProbe;
  #grace: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #because = "";
  #before: { readonly ns: number; readonly at: number } | undefined;

  constructor(options: RunOptions) {
    const { id, order, port } = options;
    this.#options = options;
    const now = Date.now();
    this.#state = {
      id,
      title: order.title,
      language: order.language,
      text: order.text,
      pid: order.pid ?? null,
      state: "starting",
      started_ms: now,
      ends_ms: now + order.duration_ms,
      ended_ms: null,
      ended_by: "",
      attached: 0,
      costs: [],
      cpu_share: null,
      told: 0,
      left_out: 0,
      failure: null,
    };
    this.#process = port.run(order, (event) => this.#hear(event));
    this.#wait(firstGraces);
  }

  get state(): ProbeRun {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state.ended_ms !== null;
  }

  /** attach answers a page with everything so far and what comes. */
  attach(response: ServerResponse): void {
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    const items = [...this.#lines, ...this.#maps.values()];
    response.write(`retry: 1000\n\n${event("begin", this.#state)}${event("output", items)}`);
    if (this.isOver) {
      response.end(event("over", this.#state));
      return;
    }
    this.#pages.add(response);
    clearTimeout(this.#grace);
    response.on("close", () => {
      this.#pages.delete(response);
      if (this.#pages.size === 0) this.#wait();
    });
  }

  /** stop resolves when the process is gone. */
  stop(because: "stopped" | "page" | "server"): Promise<void> {
    if (this.isOver) return this.#stopping ?? Promise.resolve();
    if (this.#because === "") this.#because = because;
    clearTimeout(this.#grace);
    this.#stopping ??= this.#process.stop();
    return this.#stopping;
  }

  #wait(graces = 1): void {
    clearTimeout(this.#grace);
    if (this.isOver || this.#stopping !== undefined) return;
    this.#grace = setTimeout(() => void this.stop("page"), this.#options.grace_ms * graces);
    this.#grace.unref();
  }

  #hear(told: ProbeTold): void {
    const state = this.#state;
    switch (told.type) {
      case "attached":
        state.state = "running";
        state.attached = told.probes;
        this.#tell("state", state);
        return;
      case "output":
        this.#keep(told.items);
        state.left_out += told.left_out;
        this.#tell("output", told.items);
        return;
      case "cost":
        this.#cost(told.costs);
        this.#tell("state", state);
        return;
      case "ended":
        state.state = told.failure === null ? "ended" : "failed";
        state.failure = told.failure;
        state.ended_ms = Date.now();
        state.ended_by = this.#because || told.by;
        state.cpu_share = null;
        clearTimeout(this.#grace);
        this.#tell("over", state);
        for (const page of this.#pages) page.end();
        this.#pages.clear();
        this.#options.onEnd();
    }
  }

  #keep(items: readonly ProbeOutput[]): void {
    for (const item of items) {
      if (item.kind === "map") {
        this.#maps.delete(item.name);
        this.#maps.set(item.name, item);
        continue;
      }
      this.#state.told++;
      this.#lines.push(item);
    }
    if (this.#lines.length > linesKept) this.#lines.splice(0, this.#lines.length - linesKept);
  }

  #cost(costs: readonly ProbeCost[]): void {
    const ns = costs.reduce((sum, each) => sum + each.ns, 0);
    const at = performance.now();
    const before = this.#before;
    if (before !== undefined && at > before.at)
      this.#state.cpu_share = Math.max(0, ns - before.ns) / ((at - before.at) * nsPerMs);
    this.#before = { ns, at };
    this.#state.costs = costs;
  }

  #tell(name: string, data: unknown): void {
    const text = event(name, data);
    for (const page of this.#pages) {
      // A page that does not read is not waited for; its lines are in the run, which tells them when it comes again.
      if (name === "output" && page.writableNeedDrain) continue;
      page.write(text);
    }
  }
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
