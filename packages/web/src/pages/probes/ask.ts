import type { ProbeCheck, ProbeOrder, ProbeRun, ProbeText } from "@go3s/server";
import { send } from "../../base/api.js";

async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(`/api/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer: T = await response.json();
  return answer;
}

/** checkProbe compiles a program on the server and loads nothing. Rejects with ApiError. */
export const checkProbe = (program: ProbeText, signal: AbortSignal): Promise<ProbeCheck> =>
  post("probes/check", program, signal);

/** startProbe begins a run. Rejects with ApiError. */
export const startProbe = (order: ProbeOrder): Promise<ProbeRun> => post("probes/runs", order);

/** stopProbe ends a run; resolves when everything is detached. Rejects with ApiError. */
export async function stopProbe(id: string): Promise<void> {
  await send(`/api/v1/probes/runs/${encodeURIComponent(id)}`, { method: "DELETE" });
}
