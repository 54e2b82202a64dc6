import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ServerError } from "../errors.js";
import { type GuardOptions, hostName, isLoopback } from "./guard.js";
import { peerUser } from "./peer-user.js";

/** AccessOptions say who may use the ports, besides GuardOptions. */
export interface AccessOptions extends GuardOptions {
  /** The token to ask for where one is needed; left out: a random one. */
  readonly token?: string | undefined;
  /** Whether probes may be run and sampling be changed over the web port; left out: while only this machine reaches it. */
  readonly control?: boolean | undefined;
  /** Users besides the server's own and root that may do so on loopback: who started it by sudo. */
  readonly controlUsers?: readonly number[] | undefined;
}

/** Access is who may use the ports. */
export interface Access {
  /** What must be known to read anything; undefined where only this machine can ask. */
  readonly token: string | undefined;
  /** Who may run probes and change sampling. */
  readonly control: "these-users" | "everybody" | "nobody";
  /** users of "these-users". */
  readonly users: readonly number[];
}

/** The cookie lasts a month: whoever reads it in a browser has the token's rights for that long. */
const COOKIE_SECONDS = 30 * 86_400;
const TOKEN_BYTES = 24;

/** newToken makes a token that nobody guesses: 192 random bits. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** isLocalOnly says whether only this machine reaches the web port: the address and every other name are loopback's. */
export function isLocalOnly({ host, allowedHosts }: GuardOptions): boolean {
  return isLoopback(host) && allowedHosts.every((name) => isLoopback(hostName(name)));
}

/** createAccess decides by where the server listens. */
export function createAccess(options: AccessOptions): Access {
  const local = isLocalOnly(options);
  const allowed = options.control ?? local;
  return {
    token: local ? undefined : (options.token ?? newToken()),
    control: !allowed ? "nobody" : local && options.control === undefined ? "these-users" : "everybody",
    users: [0, process.getuid?.() ?? 0, ...(options.controlUsers ?? [])],
  };
}

/** isToken compares in a time that says nothing about the token. */
export function isToken(access: Access, offered: string): boolean {
  return access.token !== undefined && sameText(access.token, offered);
}

/** sameText compares digests, so that neither length nor content show in the time it takes. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** offeredTokens are those that a program sends: as Bearer, as the password of Basic, as ClickHouse's clients do. */
function offeredTokens(authorization: string | undefined, key: string | undefined): string[] {
  const [scheme = "", value = ""] = (authorization ?? "").trim().split(/\s+/, 2);
  const found = key === undefined ? [] : [key];
  if (/^bearer$/i.test(scheme)) found.push(value);
  if (/^basic$/i.test(scheme)) {
    const text = Buffer.from(value, "base64").toString("utf8");
    found.push(text.slice(text.indexOf(":") + 1));
  }
  return found;
}

/** isAdmitted says whether a request may read: no token is asked for, or it brings it, or the cookie made from it. */
export function isAdmitted(access: Access, request: IncomingMessage): boolean {
  if (access.token === undefined) return true;
  const key = request.headers["x-clickhouse-key"];
  const offered = offeredTokens(request.headers.authorization, typeof key === "string" ? key : undefined);
  return offered.some((each) => isToken(access, each)) || hasSession(access.token, request);
}

/** admit throws "token-needed" for a request that isAdmitted refuses. */
export function admit(access: Access, request: IncomingMessage, response: ServerResponse): void {
  if (isAdmitted(access, request)) return;
  response.setHeader("WWW-Authenticate", 'Bearer realm="go3s"');
  throw tokenNeeded();
}

const tokenNeeded = (): ServerError =>
  new ServerError("token-needed", "this server is not on loopback: it asks for its token", {
    hint: "send Authorization: Bearer TOKEN; go3s up printed it, and keeps it in the file token of its data directory",
  });

/** SenderHeaders are those of HTTP/1 or HTTP/2. */
export type SenderHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * admitSender throws "token-needed" for telemetry that comes from elsewhere without the token. What this machine sends needs none,
 * as on loopback; what a proxy of this machine passes on is not its own.
 */
export function admitSender(access: Access, socket: Socket | undefined, headers: SenderHeaders): void {
  if (access.token === undefined) return;
  const isProxied = headers["x-forwarded-for"] !== undefined || headers["forwarded"] !== undefined;
  const from = (socket?.remoteAddress ?? "").replace(/^::ffff:/, "");
  const own = (socket?.localAddress ?? "").replace(/^::ffff:/, "");
  if (!isProxied && from !== "" && (isLoopback(from) || from === own)) return;
  const { authorization } = headers;
  const offered = offeredTokens(typeof authorization === "string" ? authorization : undefined, undefined);
  if (!offered.some((each) => isToken(access, each))) throw tokenNeeded();
}

const users = new WeakMap<Socket, number>();
/** The kernel's table is read in pieces: a connection may be missed while others come and go. */
const looks = 3;

/** userOf gives the user at the other end; it stays the same as long as the connection. */
function userOf(socket: Socket): number | undefined {
  let user = users.get(socket);
  for (let i = 0; user === undefined && i < looks; i++) user = peerUser(socket);
  if (user !== undefined) users.set(socket, user);
  return user;
}

/** requireControl throws "not-allowed" unless who asks may run probes and change what is observed. */
export function requireControl(access: Access, socket: Socket): void {
  const why = controlRefusal(access, socket);
  if (why === "") return;
  throw new ServerError("not-allowed", why, {
    hint: "go3s trace and go3s sample do it on the machine itself; go3s up --allow-control lets the page do it",
  });
}

/**
 * controlRefusal says why who asks may not run probes nor change what is observed, "" when it may. A probe reads what the kernel and
 * every process have in memory: on loopback that is for who started the server, and root, not for everybody with an account here.
 */
export function controlRefusal(access: Access, socket: Socket): string {
  if (access.control === "everybody") return "";
  if (access.control === "nobody")
    return "running probes and changing sampling is off, since this server is not on loopback";
  const user = userOf(socket);
  if (user !== undefined && access.users.includes(user)) return "";
  return user === undefined
    ? "running probes and changing sampling is for who started the server, and the kernel does not tell who asks"
    : `running probes and changing sampling is for who started the server, and root, not for user ${user}`;
}

/** cookieName differs by token: cookies know no ports, and two servers may run under one name. */
function cookieName(token: string): string {
  return `go3s_${createHash("sha256").update(`name ${token}`).digest("hex").slice(0, 12)}`;
}

function seal(token: string, expires: string): string {
  return createHmac("sha256", token).update(`session ${expires}`).digest("base64url");
}

/**
 * startSession gives the browser a cookie that stands for the token: sealed with it, not holding it. Lax: a link from another site
 * opens a page, no other site's request carries it.
 */
export function startSession(token: string, response: ServerResponse, nowMs: number): void {
  const expires = String(Math.floor(nowMs / 1000) + COOKIE_SECONDS);
  const value = `${expires}.${seal(token, expires)}`;
  response.setHeader(
    "Set-Cookie",
    `${cookieName(token)}=${value}; Path=/; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax`,
  );
}

function hasSession(token: string, request: IncomingMessage): boolean {
  const name = `${cookieName(token)}=`;
  const cookies = (request.headers.cookie ?? "").split(";").map((each) => each.trim());
  return cookies
    .filter((each) => each.startsWith(name))
    .some((each) => {
      const [expires = "", sealed = ""] = each.slice(name.length).split(".", 2);
      const isFresh = /^\d{1,12}$/.test(expires) && Number(expires) > Date.now() / 1000;
      return isFresh && sameText(seal(token, expires), sealed);
    });
}
