import assert from "node:assert/strict";
import type { ErrorBody } from "../api/types.js";
import { shopLogs, shopSpans } from "./shop.js";
import { type Started, send, start } from "./start.js";

/** StartedShop is a server that holds the shop's minute, and what asks its API. */
export interface StartedShop {
  readonly started: Started;
  /** startMs is where the minute begins: in the past hour and at a round one, so that buckets are known. */
  readonly startMs: number;
  /** minute is the shop's minute as a query's parameters. */
  readonly minute: string;
  get<T>(path: string, filter?: string): Promise<T>;
  /** failure is the error that a request is answered with. */
  failure(path: string): Promise<{ readonly status: number; readonly error: ErrorBody["error"] }>;
  /** ingest sends a body as an exporter would. */
  ingest(path: "traces" | "logs", body: Uint8Array): Promise<void>;
}

/** startShop starts a server and sends it the shop's spans and logs. */
export async function startShop(): Promise<StartedShop> {
  const started = await start();
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const shop: StartedShop = {
    started,
    startMs,
    minute: `from=${startMs}&to=${startMs + 60_000}`,
    async get(path, filter = "") {
      const address = `/api/v1/${path}${path.includes("?") ? "&" : "?"}filter=${encodeURIComponent(filter)}`;
      const answer = await send(started.server.addresses.web, { path: address });
      assert.equal(answer.status, 200, answer.body.toString());
      return JSON.parse(answer.body.toString());
    },
    async failure(path) {
      const answer = await send(started.server.addresses.web, { path: `/api/v1/${path}` });
      const body: ErrorBody = JSON.parse(answer.body.toString());
      return { status: answer.status, error: body.error };
    },
    async ingest(path, body) {
      const headers = { "content-type": "application/x-protobuf" };
      const { otlp_http } = started.server.addresses;
      const answer = await send(`${otlp_http}/v1/${path}`, { method: "POST", headers, body });
      assert.equal(answer.status, 200);
    },
  };
  try {
    await shop.ingest("traces", shopSpans(startMs));
    await shop.ingest("logs", shopLogs(startMs));
    await started.store.flush();
  } catch (error) {
    await started.close();
    throw error;
  }
  return shop;
}

/** assertAbout compares an estimate, as quantiles are, within a share of what is wanted. */
export function assertAbout(actual: number | null | undefined, wanted: number, share = 0.02): void {
  assert.ok(
    actual != null && Math.abs(actual - wanted) <= wanted * share,
    `${actual} is not about ${wanted}`,
  );
}
