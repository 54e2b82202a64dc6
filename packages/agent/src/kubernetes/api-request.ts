import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { version } from "../version.js";
import type { ClusterAccess } from "./access.js";
import { type Json, text } from "./json.js";

/** ApiRefusal is an answer that is no success, with what the API says of it. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiRefusal";
    this.status = status;
  }
}

const getMs = 30_000;
// An object is 1.5 MiB at most in etcd; what is far beyond is no watch.
const longestLine = 16 << 20;

/** getJson asks once. Rejects with ApiRefusal, or with the connection's error. */
export async function getJson(access: ClusterAccess, path: string, signal: AbortSignal): Promise<Json> {
  return JSON.parse(await wholeText(await answerOf(access, path, { signal, ms: getMs })));
}

/** Patience is how long an answer may take, all of it; getting credentials for it takes its own time. */
export interface Patience {
  readonly signal: AbortSignal;
  readonly ms: number;
}

/** WatchSink hears of a watch: that it is taken, and each of its lines as it comes. */
export interface WatchSink {
  opened(): void;
  event(event: Json): void;
}

/** watchEvents goes on until the API ends the watch or the patience does; rejects as getJson does. */
export async function watchEvents(
  access: ClusterAccess,
  path: string,
  patience: Patience,
  sink: WatchSink,
): Promise<void> {
  const answer = await answerOf(access, path, patience);
  sink.opened();
  let rest = "";
  for await (const piece of answer.setEncoding("utf8")) {
    rest += String(piece);
    let from = 0;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", from)) {
      if (end > from) sink.event(JSON.parse(rest.slice(from, end)));
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length > longestLine) throw new Error("a watch's event that does not end");
  }
}

/** answerOf asks, once more with other credentials where these are not taken: tokens end, and are replaced. */
async function answerOf(
  access: ClusterAccess,
  path: string,
  { signal, ms }: Patience,
): Promise<IncomingMessage> {
  const tryOnce = async (renew: boolean): Promise<IncomingMessage> => {
    const token = await access.token(renew, signal);
    return ask(access, path, AbortSignal.any([signal, AbortSignal.timeout(ms)]), token);
  };
  let answer = await tryOnce(false);
  if (answer.statusCode === 401) {
    answer.resume();
    answer = await tryOnce(true);
  }
  const { statusCode = 0 } = answer;
  if (statusCode === 200) return answer;
  throw new ApiRefusal(statusCode, messageOf(await wholeText(answer)) || `HTTP ${statusCode}`);
}

function ask(
  access: ClusterAccess,
  path: string,
  signal: AbortSignal,
  token: string,
): Promise<IncomingMessage> {
  const headers = {
    accept: "application/json",
    "user-agent": `go3s-agent/${version}`,
    ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const url = access.url + path;
    // No connection is kept: lists and watches are minutes apart, and each reads the certificates anew.
    const options = { headers, signal, agent: false } as const;
    const sent = url.startsWith("https:")
      ? httpsRequest(url, { ...options, ...access.tls() })
      : httpRequest(url, options);
    // A node that lost its network closes nothing: the kernel finds out, in two to three minutes.
    sent.once("socket", (socket) => socket.setKeepAlive(true, 30_000));
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end();
  });
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  let whole = "";
  for await (const piece of answer.setEncoding("utf8")) whole += String(piece);
  return whole;
}

/** messageOf is the message of a v1 Status; proxies in front of an API answer with something else. */
function messageOf(body: string): string {
  try {
    return text(JSON.parse(body), "message");
  } catch {
    return body.trim().split("\n")[0]?.slice(0, 200) ?? "";
  }
}
