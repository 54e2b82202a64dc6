import type { IncomingMessage } from "node:http";
import { ServerError } from "../errors.js";
import { type Access, requireControl } from "./access.js";

/** AgentSampleChange is what PUT /api/v1/agent/sample changes; what is left out stays. */
export interface AgentSampleChange {
  /** The share of requests that is told, 0 to 1: of one service when `service` is named, else of all others. */
  readonly share?: number;
  readonly service?: string;
  /** Tell requests that are answered with 500 or above whatever the share. */
  readonly errors?: boolean;
  /** The most spans each second; 0 is no limit. */
  readonly spans_per_second?: number;
}

/** AgentSample is what is asked of the agent. */
export interface AgentSample {
  readonly share: number;
  readonly errors: boolean;
  readonly spans_per_second: number;
  readonly services: Readonly<Record<string, number>>;
}

/** AgentSampling changes what the agent tells; undefined when there is no agent. */
export type AgentSampling = (change: AgentSampleChange) => AgentSample | undefined;

/** changeAgentSample answers PUT /api/v1/agent/sample, which is a right of its own. Throws ServerError. */
export function changeAgentSample(
  sampling: AgentSampling | undefined,
  access: Access,
  search: URLSearchParams,
  request: IncomingMessage,
): AgentSample {
  requireControl(access, request.socket);
  const share = numberOf(search, "share", 1);
  const limit = numberOf(search, "spans_per_second", Number.MAX_SAFE_INTEGER);
  const errors = search.get("errors");
  const service = search.get("service");
  if (errors !== null && errors !== "0" && errors !== "1")
    throw new ServerError("bad-parameter", `errors=${errors.slice(0, 100)}: it is 0 or 1`);
  if (service !== null && share === undefined)
    throw new ServerError("bad-parameter", "service names whose share it is, and there is none", {
      hint: "add share=0.05",
    });
  const now = sampling?.({
    ...(share === undefined ? {} : { share }),
    ...(service === null ? {} : { service }),
    ...(errors === null ? {} : { errors: errors === "1" }),
    ...(limit === undefined ? {} : { spans_per_second: limit }),
  });
  if (now === undefined)
    throw new ServerError("not-found", "no agent runs here", { hint: "start go3s up without --no-agent" });
  return now;
}

function numberOf(search: URLSearchParams, name: string, most: number): number | undefined {
  const text = search.get(name);
  if (text === null) return undefined;
  const number = text === "" ? Number.NaN : Number(text);
  if (number >= 0 && number <= most) return number;
  throw new ServerError("bad-parameter", `${name}=${text.slice(0, 100)} is no number from 0 to ${most}`);
}
