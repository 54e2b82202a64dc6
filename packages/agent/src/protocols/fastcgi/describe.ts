import type { AttributeValue, WireExchange } from "../wire.js";
import type { Params } from "./params.js";

const methods: ReadonlySet<string> = new Set([
  "GET",
  "POST",
  "PUT",
  "HEAD",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "CONNECT",
  "TRACE",
  "QUERY",
]);

/** wanted are the names that describe asks for: RFC 3875 section 4.1, and what web servers add. */
export const wanted: ReadonlySet<string> = new Set([
  "REQUEST_METHOD",
  "REQUEST_URI",
  "SCRIPT_NAME",
  "PATH_INFO",
  "QUERY_STRING",
  "SCRIPT_FILENAME",
  "REQUEST_SCHEME",
  "HTTPS",
  "REMOTE_ADDR",
  "SERVER_NAME",
  "SERVER_PORT",
  "CONTENT_LENGTH",
  "HTTP_HOST",
  "HTTP_USER_AGENT",
  "HTTP_TRACEPARENT",
  "HTTP_TRACESTATE",
  "HTTP_BAGGAGE",
]);

/** describe says of an exchange what its parameters say of the request that the web server got. */
export function describe(exchange: WireExchange, params: Params): void {
  const { attributes } = exchange;
  const method = params.of("REQUEST_METHOD");
  const isKnown = methods.has(method);
  exchange.name = isKnown ? method : "HTTP";
  if (method !== "") attributes["http.request.method"] = isKnown ? method : "_OTHER";
  attributes["network.protocol.name"] = "fastcgi";
  const [target = "", ...query] = params.of("REQUEST_URI").split("?");
  const path = target === "" ? params.of("SCRIPT_NAME") + params.of("PATH_INFO") : target;
  if (path !== "") attributes["url.path"] = path;
  else if (!params.isWhole()) attributes["go3s.wire.unknown"] = ["url.path"];
  const asked = query.length > 0 ? query.join("?") : params.of("QUERY_STRING");
  if (asked !== "") attributes["url.query"] = asked;
  const size = params.of("CONTENT_LENGTH");
  if (/^\d{1,15}$/.test(size)) attributes["http.request.body.size"] = Number(size);
  const isSecure = /^(on|1)$/i.test(params.of("HTTPS"));
  attributes["url.scheme"] = params.of("REQUEST_SCHEME") || (isSecure ? "https" : "http");
  exchange.serverAttributes = served(params);
  exchange.traceparent = params.of("HTTP_TRACEPARENT");
  exchange.tracestate = params.of("HTTP_TRACESTATE");
  exchange.baggage = params.of("HTTP_BAGGAGE");
}

/** served is what only the application's side tells: for the web server it is not its peer that these name. */
function served(params: Params): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {};
  const host = /^(.*?)(?::(\d{1,5}))?$/.exec(params.of("HTTP_HOST") || params.of("SERVER_NAME"));
  if (host?.[1]) attributes["server.address"] = host[1];
  const port = Number(host?.[2] ?? params.of("SERVER_PORT"));
  if (port > 0) attributes["server.port"] = port;
  const told = [
    ["client.address", "REMOTE_ADDR"],
    ["user_agent.original", "HTTP_USER_AGENT"],
    ["code.file.path", "SCRIPT_FILENAME"],
  ] as const;
  for (const [name, param] of told) if (params.of(param) !== "") attributes[name] = params.of(param);
  return attributes;
}
