import { readFile } from "node:fs/promises";
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gunzip, type ZlibOptions } from "node:zlib";
import { ServerError, textOf } from "../errors.js";
import type { HttpOptions } from "./config.js";

/** Page is an answer with status 200. */
export interface Page {
  readonly contentType: string;
  readonly body: Buffer;
  readonly wireBytes: number;
}

/** Fetching is how pages of one job are fetched. */
export interface Fetching {
  readonly http: HttpOptions;
  readonly agents: { readonly http: Agent; readonly https: Agent };
  /** Where relative paths of files start. */
  readonly path: (file: string) => string;
}

/** FetchLimits bound one page. */
export interface FetchLimits {
  readonly timeoutMs: number;
  readonly bodyBytes: number;
  readonly signal: AbortSignal;
}

const unzip = promisify<Buffer, ZlibOptions, Buffer>(gunzip);
const mostRedirects = 10;

/** fetchPage gets a page. Rejects with ServerError "scrape-failed", whose message says what a person needs to know. */
export async function fetchPage(
  url: string,
  fetching: Fetching,
  headers: Readonly<Record<string, string>>,
  limits: FetchLimits,
): Promise<Page> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const signal = AbortSignal.any([timeout, limits.signal]);
  try {
    const authorization = await authorizationOf(fetching);
    let at = new URL(url);
    for (let hop = 0; hop <= mostRedirects; hop++) {
      // Credentials are for the host that they were given for.
      const own =
        at.host === new URL(url).host && authorization !== undefined ? { Authorization: authorization } : {};
      const response = await get(at, fetching, { ...headers, ...own }, signal);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if (statusCode >= 300 && statusCode < 400 && location !== undefined && fetching.http.followRedirects) {
        response.destroy();
        at = new URL(location, at);
        continue;
      }
      if (statusCode !== 200) {
        response.destroy();
        throw failed(`the target answered ${statusCode} ${response.statusMessage ?? ""}`.trim());
      }
      return await read(response, limits.bodyBytes);
    }
    throw failed(`more than ${mostRedirects} redirects`);
  } catch (error) {
    if (error instanceof ServerError) throw error;
    if (timeout.aborted)
      throw failed(
        `no whole answer within ${limits.timeoutMs} ms`,
        "raise scrape_timeout, or ask why it is slow",
      );
    throw failed(reasonOf(error));
  }
}

function failed(what: string, hint = ""): ServerError {
  return new ServerError("scrape-failed", what, { hint });
}

/** reasonOf: of several addresses that were tried each has an error of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join("; ");
  return textOf(error);
}

function get(
  url: URL,
  { agents, http }: Fetching,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let request: ClientRequest;
    if (url.protocol === "https:") {
      const { serverName, insecureSkipVerify } = http.tls;
      request = httpsRequest(url, {
        agent: agents.https,
        headers,
        signal,
        rejectUnauthorized: !insecureSkipVerify,
        ...(serverName === undefined ? {} : { servername: serverName }),
      });
    } else request = httpRequest(url, { agent: agents.http, headers, signal });
    request.on("error", reject);
    request.on("response", resolve);
    request.end();
  });
}

async function read(response: IncomingMessage, most: number): Promise<Page> {
  const chunks: Buffer[] = [];
  let wireBytes = 0;
  const tooLarge = () =>
    failed(`the page is larger than ${most} bytes`, "raise body_size_limit, or let the target tell less");
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    wireBytes += chunk.length;
    if (wireBytes > most) {
      response.destroy();
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  const contentType = response.headers["content-type"] ?? "";
  const raw = Buffer.concat(chunks);
  if (response.headers["content-encoding"] !== "gzip") return { contentType, body: raw, wireBytes };
  try {
    return { contentType, body: await unzip(raw, { maxOutputLength: most }), wireBytes };
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge();
    throw failed(`the page cannot be unpacked: ${textOf(error)}`);
  }
}

async function authorizationOf({ http, path }: Fetching): Promise<string | undefined> {
  const secret = async (file: string): Promise<string> => {
    try {
      return (await readFile(path(file), "utf8")).trim();
    } catch (error) {
      throw failed(`the credentials cannot be read: ${textOf(error)}`);
    }
  };
  const { basic, authorization } = http;
  if (basic !== undefined) {
    const password =
      basic.passwordFile === undefined ? (basic.password ?? "") : await secret(basic.passwordFile);
    return `Basic ${Buffer.from(`${basic.username}:${password}`).toString("base64")}`;
  }
  if (authorization === undefined) return undefined;
  const { scheme, credentials, file } = authorization;
  return `${scheme} ${file === undefined ? (credentials ?? "") : await secret(file)}`;
}
