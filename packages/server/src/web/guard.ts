import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { ServerError } from "../errors.js";

/** GuardOptions say where the web port listens and which other names lead to it. */
export interface GuardOptions {
  /** The address listened on. */
  readonly host: string;
  /** Names (`go3s.example`) or origins' hosts with port (`localhost:5173`) that are allowed besides loopback and addresses. */
  readonly allowedHosts: readonly string[];
}

/** hostName takes the name or address out of a Host header's value, without the port; "" when it is malformed. */
export function hostName(header: string): string {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  return (found?.[1] ?? found?.[2] ?? "").toLowerCase();
}

/** isLoopback says whether a name or address means this machine only. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/**
 * guard throws "host-refused" or "origin-refused" for requests that another site's page may have caused:
 * a Host that is a foreign name (DNS rebinding makes a foreign name point here; an address cannot be rebound), an Origin that is not
 * the page's own, and what a browser marks as cross-site, links to a page aside.
 */
export function guard(request: IncomingMessage, options: GuardOptions): void {
  const host = request.headers.host ?? "";
  const name = hostName(host);
  const listensOnLoopback = isLoopback(options.host);
  const known =
    isLoopback(name) ||
    (isIP(name) !== 0 && (!listensOnLoopback || name === options.host)) ||
    name === options.host.toLowerCase() ||
    options.allowedHosts.includes(name) ||
    options.allowedHosts.includes(host.toLowerCase());
  if (!known)
    throw new ServerError(
      "host-refused",
      `the Host header ${JSON.stringify(host.slice(0, 100))} is not this server`,
      {
        hint: `open it as http://${options.host.includes(":") ? `[${options.host}]` : options.host}, or allow the name in the configuration`,
      },
    );
  guardOrigin(request, options, host);
}

// What answers programs: no link of another site leads there.
const programs = /^\/(?:api|prometheus|tempo|jaeger|clickhouse|metrics)(?:[/?]|$)/;

/** guardOrigin throws "origin-refused" for what another site's page sends: an Origin that is not ours, or what a browser marks so. */
export function guardOrigin(
  request: Pick<IncomingMessage, "headers" | "method" | "url">,
  options: GuardOptions,
  host: string,
): void {
  const { origin } = request.headers;
  if (origin !== undefined) {
    const from = /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() ?? "";
    if (from === host.toLowerCase() || options.allowedHosts.includes(from)) return;
    throw new ServerError(
      "origin-refused",
      `a page of ${JSON.stringify(origin.slice(0, 100))} may not use this server`,
      {
        hint: "only the page served here may; programs send no Origin header",
      },
    );
  }
  const site = request.headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return;
  const isLink = request.headers["sec-fetch-mode"] === "navigate" && request.method === "GET";
  if (isLink && !programs.test(request.url ?? "")) return;
  throw new ServerError("origin-refused", `another site's page (${String(site)}) may not use this server`, {
    hint: "open the page itself",
  });
}
