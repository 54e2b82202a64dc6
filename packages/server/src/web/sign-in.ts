import type { IncomingMessage, ServerResponse } from "node:http";
import { ServerError } from "../errors.js";
import { type Access, isAdmitted, isToken, startSession } from "./access.js";
import { sendText } from "./respond.js";

// The page behind which everything else is, where a token is asked for: plain HTML, no script, nothing of the server in it.

const formBytes = 4096;

const style = `:root{color-scheme:light dark}
body{font:15px system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}
form{display:grid;gap:12px;width:min(90vw,26rem)}
h1{font-size:20px;margin:0}
p{margin:0}
input,button{font:inherit;padding:8px 10px;border-radius:4px;border:1px solid GrayText}
.wrong{border-left:3px solid #c33;padding-left:10px}
`;

function form(next: string, wrong: boolean): string {
  const said = wrong
    ? '<p class="wrong" role="alert">That is not the token of this server.</p>'
    : "<p>This server is reached from other machines, so it asks for its token. <code>go3s up</code> printed it when it started.</p>";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Go3s</title><link rel="stylesheet" href="/sign-in.css"></head>
<body><form method="post" action="/sign-in"><h1>Go3s</h1>${said}
<input type="hidden" name="next" value="${escaped(next)}">
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Sign in</button></form></body></html>
`;
}

/** sendForm: under the pages' own `no-referrer` a browser would send the form with `Origin: null`, which is nobody's. */
function sendForm(response: ServerResponse, next: string, wrong: boolean): void {
  response.setHeader("Referrer-Policy", "same-origin");
  sendText(response, 401, "text/html; charset=utf-8", form(next, wrong));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** nextOf takes an address of this server only: "//evil.example" and "/\\evil.example" are other sites to a browser. */
export function nextOf(text: string | null): string {
  return text !== null && /^\/(?![/\\])[\x21-\x7e]{0,2000}$/.test(text) ? text : "/";
}

/**
 * signIn answers what has to do with the token, and says whether it did: the form and its style, the token in an address
 * (`/?token=…`, as go3s up prints it), which becomes a cookie and leaves the address, and a page without either. Rejects with ServerError.
 */
export async function signIn(
  access: Access,
  path: string,
  search: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { token } = access;
  if (token === undefined) return false;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (path === "/sign-in.css" && isRead) {
    sendText(response, 200, "text/css; charset=utf-8", style);
    return true;
  }
  if (path === "/sign-in" && request.method === "POST") {
    const fields = new URLSearchParams(await bodyText(request));
    const next = nextOf(fields.get("next"));
    if (!isToken(access, fields.get("token") ?? "")) {
      sendForm(response, next, true);
      return true;
    }
    startSession(token, response, Date.now());
    redirect(response, next);
    return true;
  }
  if (!isRead || isProgram(path, request)) return false;
  const offered = search.get("token");
  if (offered !== null && isToken(access, offered)) {
    const rest = new URLSearchParams(search);
    rest.delete("token");
    const text = rest.toString();
    startSession(token, response, Date.now());
    redirect(response, nextOf(text === "" ? path : `${path}?${text}`));
    return true;
  }
  if (isAdmitted(access, request)) return false;
  sendForm(response, nextOf(request.url ?? "/"), offered !== null);
  return true;
}

/** isProgram: whoever does not ask for a page wants the error as data. */
function isProgram(path: string, request: IncomingMessage): boolean {
  return path.startsWith("/api/") || !(request.headers.accept ?? "").includes("text/html");
}

function redirect(response: ServerResponse, to: string): void {
  response.setHeader("Location", to);
  sendText(response, 303, "text/plain; charset=utf-8", "signed in\n");
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > formBytes) throw new ServerError("too-large", `a form has at most ${formBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
