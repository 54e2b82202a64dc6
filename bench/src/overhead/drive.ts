import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { GoService } from "../load/go-services.js";

const run = promisify(execFile);

/** Drive drives a service at its maximum from one thread. */
export type Drive = (url: string, seconds: number) => Promise<{ requests: number; perSecond: number }>;

/** driverOf gives wrk with 32 connections for HTTP/1, h2load with 4 of 8 streams each for HTTP/2. */
export function driverOf({ post }: GoService, body: string): Drive {
  if (post === undefined) return wrk;
  const call = ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"];
  return async (url, seconds) => {
    const how = ["-t1", "-c4", "-m8", "-D", `${seconds}`, ...(post.length === 0 ? [] : call)];
    const { stdout: text } = await run("h2load", [...how, url]);
    const requests = Number(/(\d+) succeeded/.exec(text)?.[1]);
    const perSecond = Number(/finished in [^,]*, ([\d.]+) req\/s/.exec(text)?.[1]);
    if (!(requests > 0)) throw new Error(`h2load said nothing usable:\n${text}`);
    return { requests, perSecond };
  };
}

/** wrk drives the service at its maximum from one thread with 32 connections. */
async function wrk(url: string, seconds: number): Promise<{ requests: number; perSecond: number }> {
  const { stdout: text } = await run("wrk", ["-t1", "-c32", `-d${seconds}s`, url]);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  if (!(requests > 0)) throw new Error(`wrk said nothing usable:\n${text}`);
  return { requests, perSecond };
}
