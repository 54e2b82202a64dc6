import type { SpanKind } from "../api/types.js";
import { waitClasses } from "../diagnosis/model.js";

// Two hours of a made shop in which one thing goes wrong, or nothing does, by a seed: what a diagnosis must find is known.

/** Fault is what goes wrong from the world's `fromMs` on. */
export type Fault =
  | { readonly kind: "own-code"; readonly service: string; readonly state?: (typeof waitClasses)[number] }
  | { readonly kind: "dependency"; readonly service: string }
  | { readonly kind: "network"; readonly from: string; readonly to: string }
  | { readonly kind: "pool"; readonly service: string }
  | { readonly kind: "loop"; readonly service: string }
  | { readonly kind: "retries"; readonly from: string; readonly to: string }
  | { readonly kind: "exception"; readonly service: string }
  | { readonly kind: "refused"; readonly service: string }
  | { readonly kind: "version"; readonly service: string }
  | { readonly kind: "tenant"; readonly service: string }
  | { readonly kind: "mix" }
  // Controls: nothing of what follows makes a request slower or fail.
  | { readonly kind: "quiet" }
  | { readonly kind: "busier" }
  | { readonly kind: "deploy"; readonly service: string }
  | { readonly kind: "skew"; readonly service: string }
  | { readonly kind: "chatty"; readonly service: string };

/** MadeSpan is a span of the shop; times are milliseconds from the world's start. */
export interface MadeSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string;
  readonly service: string;
  readonly operation: string;
  readonly kind: SpanKind;
  startMs: number;
  endMs: number;
  message: string;
  readonly attributes: Record<string, string>;
  readonly resource: Readonly<Record<string, string>>;
}

/** MadeLine is a log line of it. */
export interface MadeLine {
  readonly service: string;
  readonly level: string;
  readonly body: string;
  readonly atMs: number;
}

/** MadePoint is a point of a gauge. */
export interface MadePoint {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly atMs: number;
  readonly value: number;
}

/** World is all of it. */
export interface World {
  readonly spans: readonly MadeSpan[];
  readonly lines: readonly MadeLine[];
  readonly points: readonly MadePoint[];
  /** lengthMs of the world, and when the fault began. */
  readonly lengthMs: number;
  readonly fromMs: number;
}

/** madeServices are those of the shop, the one that is asked about first. */
export const madeServices = ["frontend", "checkout", "payment", "cart", "catalog"] as const;

const usualOwnMs: Readonly<Record<string, number>> = {
  frontend: 3,
  checkout: 6,
  payment: 8,
  cart: 3,
  catalog: 5,
};
const databases: Readonly<Record<string, string>> = {
  payment: "postgresql",
  cart: "redis",
  catalog: "postgresql",
};
const tenants = ["acme", "birch", "cedar", "delta", "elm", "fir"];

/** randomOf gives numbers 0…1, the same for the same seed (mulberry32, public domain). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** makeWorld makes `perMinute` requests for `minutes`; the fault lasts for the last `faultMinutes`. */
export function makeWorld(
  fault: Fault,
  seed: number,
  { minutes = 120, perMinute = 30, faultMinutes = 12 } = {},
): World {
  const random = randomOf(seed * 7919 + 17);
  const lengthMs = minutes * 60_000;
  const fromMs = lengthMs - faultMinutes * 60_000;
  const shop = new Shop(fault, random, fromMs);
  for (let minute = 0; minute < minutes; minute++) {
    const isOn = minute * 60_000 >= fromMs;
    const count = perMinute * (fault.kind === "busier" && isOn ? 2 : 1);
    for (let index = 0; index < count; index++) shop.request((minute + (index + random()) / count) * 60_000);
    shop.minute(minute * 60_000);
  }
  return { spans: shop.spans, lines: shop.lines, points: shop.points, lengthMs, fromMs };
}

class Shop {
  readonly spans: MadeSpan[] = [];
  readonly lines: MadeLine[] = [];
  readonly points: MadePoint[] = [];
  readonly #fault: Fault;
  readonly #random: () => number;
  readonly #fromMs: number;
  #trace = "";
  #tenant = "";
  #isOn = false;

  constructor(fault: Fault, random: () => number, fromMs: number) {
    this.#fault = fault;
    this.#random = random;
    this.#fromMs = fromMs;
  }

  #id(digits: number): string {
    return Array.from({ length: digits / 8 }, () =>
      Math.floor(this.#random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
  }

  /** #about is a log-normal time: as real ones, now and then much longer. */
  #about(ms: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    return ms * Math.exp(0.35 * normal) * (this.#random() < 0.01 ? 6 : 1);
  }

  request(atMs: number): void {
    const first = this.spans.length;
    this.#request(atMs);
    this.#skew(first);
  }

  #request(atMs: number): void {
    const fault = this.#fault;
    this.#isOn = atMs >= this.#fromMs;
    this.#trace = this.#id(32);
    this.#tenant = tenants[Math.floor(this.#random() * tenants.length)] ?? "acme";
    const kind = this.#random();
    const report = fault.kind === "mix" ? (this.#isOn ? 0.4 : 0.03) : 0.02;
    if (kind < report) {
      this.#serve("frontend", "", "GET /report", atMs, (id, t) => {
        const end = this.#call("frontend", "catalog", id, t, "GET /v1/all");
        return { end: end + this.#about(90), message: "" };
      });
    } else if (kind < 0.45) {
      this.#serve("frontend", "", "GET /products", atMs, (id, t) => ({
        end: this.#call("frontend", "catalog", id, t, "GET /v1/products"),
        message: "",
      }));
    } else if (kind < 0.7) {
      this.#serve("frontend", "", "GET /cart/{id}", atMs, (id, t) => ({
        end: this.#call("frontend", "cart", id, t, "GET /v1/cart/{id}"),
        message: "",
      }));
    } else {
      this.#serve("frontend", "", "POST /checkout", atMs, (id, t) => ({
        end: this.#call("frontend", "checkout", id, t, "POST /v1/orders"),
        message: "",
      }));
    }
  }

  /** #call is a client span and the server span it waits for; a failed answer fails the caller as well. */
  #call(from: string, to: string, parent: string, atMs: number, operation: string): number {
    const fault = this.#fault;
    const isSlow = this.#isOn && fault.kind === "network" && fault.from === from && fault.to === to;
    let attempts = 1;
    if (this.#isOn && fault.kind === "retries" && fault.from === from && fault.to === to) attempts = 3;
    let t = atMs;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const client = this.#open(from, parent, operation, "CLIENT", t, { "server.address": to });
      const way = this.#about(isSlow ? 60 : 0.3);
      const gone = t + way;
      const done = this.#serve(to, client.id, operation, gone, (id, begun) => {
        if (attempt < attempts) return { end: begun + this.#about(20), message: "upstream timed out" };
        return this.#inside(to, id, begun);
      });
      client.endMs = done.endMs + this.#about(isSlow ? 60 : 0.3);
      if (done.message !== "") client.message = `${to} failed`;
      t = client.endMs + (attempt < attempts ? 5 : 0);
      if (attempt === attempts && done.message !== "") this.#failures.set(parent, `${to} failed`);
    }
    return t;
  }

  /** #failures are what failed below a span, by its id. */
  readonly #failures = new Map<string, string>();

  /** #inside is what a service does for a request besides its own code. */
  #inside(service: string, id: string, begun: number): { end: number; message: string } {
    const fault = this.#fault;
    const isHere = this.#isOn && "service" in fault && fault.service === service;
    let t = begun;
    if (service === "checkout") {
      t = this.#call("checkout", "cart", id, t, "POST /v1/cart/{id}/hold");
      t = this.#call("checkout", "payment", id, t + this.#about(0.5), "POST /v1/charge");
    }
    const database = databases[service];
    if (database !== undefined) {
      if (isHere && fault.kind === "pool") t += this.#about(90);
      const calls = isHere && fault.kind === "loop" ? 25 : 1;
      for (let call = 0; call < calls; call++) {
        const span = this.#open(service, id, "query", "CLIENT", t, {
          "db.system.name": database,
          "server.address": `${database}.local`,
        });
        span.endMs = t + this.#about(isHere && fault.kind === "dependency" ? 80 : 4);
        t = span.endMs + 0.1;
        if (isHere && fault.kind === "refused" && this.#random() < 0.4) {
          span.message = "connection refused: 10.0.0.7:5432";
          this.#line(
            service,
            "ERROR",
            `cannot reach database, attempt ${Math.floor(this.#random() * 900)}`,
            t,
          );
          return { end: t, message: "no database" };
        }
      }
    }
    if (isHere && fault.kind === "exception" && this.#random() < 0.3) {
      this.#line(service, "ERROR", `panic: index ${Math.floor(this.#random() * 90)} out of range`, t);
      return { end: t, message: "index 7 out of range" };
    }
    return { end: t, message: "" };
  }

  #serve(
    service: string,
    parent: string,
    operation: string,
    atMs: number,
    inside: (id: string, t: number) => { end: number; message: string },
  ): MadeSpan {
    const fault = this.#fault;
    const span = this.#open(service, parent, operation, "SERVER", atMs, {
      "http.route": operation.split(" ")[1] ?? "",
      ...(service === "frontend" || service === "payment" ? { "app.tenant": this.#tenant } : {}),
    });
    const own = this.#about(usualOwnMs[service] ?? 5);
    const done = inside(span.id, atMs + own / 2);
    let more = 0;
    const isHere = this.#isOn && "service" in fault && fault.service === service;
    if (isHere && fault.kind === "own-code") more = this.#about(70);
    if (isHere && fault.kind === "tenant" && this.#tenant === "cedar") more = this.#about(150);
    if (isHere && fault.kind === "version" && span.resource["service.version"] === "2.0.0")
      more = this.#about(120);
    const state = fault.kind === "own-code" ? fault.state : undefined;
    if (state !== undefined) this.#wait(span, own, isHere ? more : 0, state);
    span.endMs = done.end + own / 2 + more;
    span.message = done.message || (this.#failures.get(span.id) ?? "");
    if (isHere && fault.kind === "chatty") this.#line(service, "INFO", `served ${operation} for you`, atMs);
    if (this.#random() < 0.2) this.#line(service, "INFO", `handled ${this.#id(8)}`, atMs);
    return span;
  }

  /** #wait tells as the agent does what a request's goroutine spent its time with. */
  #wait(span: MadeSpan, own: number, more: number, state: string): void {
    for (const name of waitClasses) {
      const ms = (name === "running" ? own : 0) + (name === state ? more : 0);
      span.attributes[`go3s.goroutine.${name}_ns`] = String(Math.round(ms * 1e6));
    }
  }

  /** #skew puts back what a service with a slow clock says of its times. */
  #skew(first: number): void {
    const fault = this.#fault;
    if (!this.#isOn || fault.kind !== "skew") return;
    for (const span of this.spans.slice(first)) {
      if (span.service !== fault.service) continue;
      span.startMs -= 400;
      span.endMs -= 400;
    }
  }

  #open(
    service: string,
    parent: string,
    operation: string,
    kind: SpanKind,
    startMs: number,
    attributes: Record<string, string>,
  ): MadeSpan {
    const fault = this.#fault;
    const host = this.#random() < 0.5 ? "a" : "b";
    const isNew =
      this.#isOn &&
      "service" in fault &&
      fault.service === service &&
      (fault.kind === "deploy" || (fault.kind === "version" && host === "b"));
    const resource = { "host.name": `${service}-${host}`, "service.version": isNew ? "2.0.0" : "1.9.4" };
    const span: MadeSpan = {
      trace: this.#trace,
      id: this.#id(16),
      parent,
      service,
      operation,
      kind,
      startMs,
      endMs: startMs,
      message: "",
      attributes,
      resource,
    };
    this.spans.push(span);
    return span;
  }

  #line(service: string, level: string, body: string, atMs: number): void {
    this.lines.push({ service, level, body, atMs });
  }

  /** minute adds the gauges of a minute; a service whose goroutines wait for the collector collects more. */
  minute(atMs: number): void {
    const fault = this.#fault;
    for (const service of madeServices) {
      const isHere = atMs >= this.#fromMs && "service" in fault && fault.service === service;
      const isGc = isHere && fault.kind === "own-code" && fault.state === "gc";
      this.points.push(
        { service, name: "process.cpu.utilization", unit: "1", atMs, value: 0.2 + 0.05 * this.#random() },
        {
          service,
          name: "go.memory.gc.cycles.rate",
          unit: "1/s",
          atMs,
          value: (isGc ? 14 : 1) * (0.9 + 0.2 * this.#random()),
        },
      );
    }
  }
}
