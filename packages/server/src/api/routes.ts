import { ServerError } from "../errors.js";
import { complete } from "./complete.js";
import type { ApiContext, ApiRequest } from "./context.js";
import { diagnosis } from "./diagnosis.js";
import { facets, fields } from "./explore.js";
import { filterParse } from "./filter.js";
import { heat } from "./heat.js";
import { tail, top } from "./live.js";
import { logs } from "./logs.js";
import { map, tcp } from "./map.js";
import { patterns } from "./patterns.js";
import { flame, profiles } from "./profiles.js";
import { runtime } from "./runtime.js";
import { service, services } from "./services.js";
import { matches, span, spanOtlp, trace } from "./trace.js";
import { traces } from "./traces.js";
import { usual } from "./usual.js";

/** Handler answers one endpoint with a value that becomes JSON, or a RawAnswer; it throws ServerError. */
type Handler = (context: ApiContext, request: ApiRequest) => unknown;

/** Route is one endpoint below /api/v1; `*` stands for one part of the address. */
interface Route {
  readonly path: readonly string[];
  readonly handler: Handler;
}

/** routes are the endpoints that answer with JSON; `query` and `stream` answer otherwise and are in web/. */
const routes: readonly Route[] = [
  { path: ["status"], handler: (context) => context.status() },
  { path: ["history"], handler: (context) => context.history() },
  { path: ["scrape", "targets"], handler: (context) => context.scrape() },
  { path: ["services"], handler: services },
  { path: ["services", "*"], handler: service },
  { path: ["services", "*", "runtime"], handler: runtime },
  { path: ["traces"], handler: traces },
  { path: ["traces", "usual"], handler: usual },
  { path: ["traces", "heat"], handler: heat },
  { path: ["traces", "*"], handler: trace },
  { path: ["traces", "*", "matches"], handler: matches },
  { path: ["traces", "*", "spans", "*"], handler: span },
  { path: ["traces", "*", "spans", "*", "otlp"], handler: spanOtlp },
  { path: ["map"], handler: map },
  { path: ["tcp"], handler: tcp },
  { path: ["logs"], handler: logs },
  { path: ["logs", "patterns"], handler: patterns },
  { path: ["tail"], handler: tail },
  { path: ["top"], handler: top },
  { path: ["diagnosis"], handler: diagnosis },
  { path: ["profiles"], handler: profiles },
  { path: ["profiles", "flame"], handler: flame },
  { path: ["facets"], handler: facets },
  { path: ["fields"], handler: fields },
  { path: ["complete"], handler: complete },
  { path: ["filter", "parse"], handler: filterParse },
];

/** Found is an endpoint and the variable parts of its address. */
export interface Found {
  readonly handler: Handler;
  readonly names: readonly string[];
}

/** findRoute finds the endpoint of an address below /api/v1/. Throws "not-found". */
export function findRoute(address: string): Found {
  const parts = address.split("/").map(decoded);
  for (const { path, handler } of routes) {
    if (path.length !== parts.length || !path.every((part, i) => part === "*" || part === parts[i])) continue;
    return { handler, names: parts.filter((_, i) => path[i] === "*") };
  }
  throw new ServerError("not-found", `/api/v1/${address.slice(0, 200)} is no endpoint`, {
    hint: `there are ${routes.map((route) => route.path.join("/")).join(", ")}, query and stream`,
  });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
